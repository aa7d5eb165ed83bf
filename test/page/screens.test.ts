import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { openBrowser, Stage, tabTo, violations, visit, type Visit } from "./support.ts";

const chromium = need("chromium");
const unknownId = "0199c0de-0000-7000-8000-000000000000";

describe("every screen", { timeout: 180_000 }, () => {
  let stage: Stage;
  let browser: Browser;
  let session: Awaited<ReturnType<Visit["context"]["storageState"]>>;
  /** Ended, so that it stays as it is. */
  let migrationId: string;

  beforeAll(async () => {
    if (chromium.path === undefined) return;
    [stage, browser] = await Promise.all([Stage.start(), openBrowser(chromium.path)]);
    const { page, context } = await visit(browser);
    await page.goto(stage.link);
    await page.getByText("Live", { exact: true }).waitFor();
    session = await context.storageState();
    await context.close();
    const { id } = await stage.client.migrations.create({ guest: "quick", destination: "beta" });
    await stage.client.waitForEnd(id);
    migrationId = id;
  });

  beforeEach((context) => {
    if (chromium.missing !== undefined) context.skip(chromium.missing);
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  const open = async (options: Parameters<typeof visit>[1] = {}): Promise<Visit> =>
    await visit(browser, { storageState: session, viewport: { width: 1280, height: 800 }, ...options });
  /** Each screen, with what is on it once it has been read. */
  const screens = (): [path: string, shown: RegExp][] => [
    ["/", /Ended lately/],
    ["/new", /^Start/],
    ["/migrations", /quick runs on beta/],
    [`/migrations/${migrationId}`, /Asked for/],
    [`/migrations/${unknownId}`, /There is no such migration/],
    ["/queue", /Nothing waits/],
    ["/hosts", /Connected/],
    ["/hosts/alpha", /Back ends/],
    ["/drains", /No host has been drained/],
    ["/drains/new?host=alpha", /Dry run/],
    ["/guests", /ram \(memory\)/],
    ["/policies", /gentle/],
    ["/settings", /over 1 completed migration/],
  ];

  test.each(["light", "dark"] as const)(
    "P5: in the %s theme axe finds nothing wrong with any screen, also with a migration under way",
    async (colorScheme) => {
      const { page, context, complaints } = await open({ colorScheme });
      const { id } = await stage.client.migrations.create({
        guest: "slow",
        destination: "beta",
        limits: { hold: true },
      });
      await stage.client.migrations.get(id, { wait: 30, until: "precopy" });
      const found: Record<string, string[]> = {};
      for (const [path, shown] of [...screens(), [`/migrations/${id}`, /Pending/] as const]) {
        await page.goto(`${stage.url}${path}`);
        await page.getByText(shown).first().waitFor();
        const wrong = await violations(page);
        if (wrong.length > 0) found[path] = wrong;
      }
      expect(found).toEqual({});
      const ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
      expect(ground).toBe(colorScheme === "light" ? "rgb(244, 245, 243)" : "rgb(15, 19, 18)");
      expect(complaints.filter((each) => !/status of 404/.test(each))).toEqual([]);
      await stage.client.migrations.cancel(id);
      await stage.client.waitForEnd(id);
      await context.close();
    },
  );

  test("P5: on a page of 390 px nothing reaches beyond the side", async () => {
    const { page, context } = await open({ viewport: { width: 390, height: 844 } });
    for (const [path, shown] of screens()) {
      await page.goto(`${stage.url}${path}`);
      await page.getByText(shown).first().waitFor();
      expect({ path, beyond: await page.evaluate("probes.widthBeyond()") }).toEqual({ path, beyond: 0 });
    }
    await context.close();
  });

  test("P5: by keyboard alone a guest is found, its migration begun and called off", async () => {
    const { page, context } = await open();
    await page.goto(stage.url);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("slow");
    await page.getByRole("option", { name: /^slow guest on alpha/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: /^Guests/ }).waitFor();
    await tabTo(page, "Move slow");
    await page.keyboard.press("Enter");
    await tabTo(page, "Downtime limit");
    await page.keyboard.type("400");
    await page.getByText("limit 400 ms").waitFor();
    await page.getByRole("button", { name: /^Start/, disabled: false }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "slow" }).waitFor();
    await tabTo(page, "Cancel the migration of slow");
    await page.keyboard.press("Enter");
    await page
      .getByText(/It was cancelled/)
      .first()
      .waitFor();
    expect((await stage.client.migrations.list({ guest: "slow" })).items[0]?.limits.downtimeLimitMs).toBe(400);
    await context.close();
  });

  test("P5: the theme can be chosen, and stays chosen", async () => {
    const { page, context } = await open({ colorScheme: "light" });
    await page.goto(stage.url);
    await page.getByRole("button", { name: "Theme: as the system's" }).click();
    await page.getByRole("button", { name: "Theme: light" }).click();
    await page.reload();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe("rgb(15, 19, 18)");
    await context.close();
  });

  test("P7: of 500 migrations only those in sight are there, and the last one is reached by scrolling", async () => {
    const { page, context } = await open();
    const like = await stage.client.migrations.get(migrationId);
    const many = Array.from({ length: 500 }, (_, index) => ({
      ...like,
      id: unknownId.replace(/\d{3}$/, String(index).padStart(3, "0")),
      guest: `guest-${index}`,
      createdAt: new Date(Date.parse(like.createdAt) - index * 60_000).toISOString(),
    }));
    await page.route(/\/v1\/migrations\?limit=200/, async (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
      const nextCursor = from + 200 < many.length ? String(from + 200) : undefined;
      await route.fulfill({ json: { items: many.slice(from, from + 200), nextCursor } });
    });
    await page.goto(`${stage.url}/migrations`);
    const table = page.getByRole("table", { name: "Migrations" });
    await table.getByText("guest-0", { exact: true }).waitFor();
    expect(Number(await table.getAttribute("aria-rowcount"))).toBeGreaterThan(500);
    await page.evaluate("probes.startShifts()");
    expect(await table.getByRole("row").count()).toBeLessThan(60);
    const slowestMs = Number(await page.evaluate("probes.scrollToEnd()"));
    console.log({ slowestMs });
    await table.getByText("guest-499", { exact: true }).waitFor();
    expect(await table.getByRole("row").count()).toBeLessThan(60);
    expect(Number(await page.evaluate("probes.shifted()"))).toBeLessThan(0.02);
    await context.close();
  });

  test("P7: a filter stands in the address, and a link with it shows the same", async () => {
    const { page, context } = await open();
    await page.goto(`${stage.url}/migrations`);
    await page.getByLabel("Phase", { exact: true }).selectOption("aborted");
    await page.waitForURL(/\/migrations\?phase=aborted$/);
    await page.getByRole("table", { name: "Migrations" }).getByText("slow").first().waitFor();
    await page.goto(`${stage.url}/migrations?phase=completed`);
    await page.getByRole("table", { name: "Migrations" }).getByText("quick").first().waitFor();
    expect(await page.getByRole("cell", { name: "Aborted" }).count()).toBe(0);
    await context.close();
  });

  test("A6: tokens are seen, made by role or by scope, and revoked by whoever shows one that may, and the page keeps it nowhere", async () => {
    const { page, context } = await open();
    await page.goto(`${stage.url}/settings`);
    await page.getByLabel("Token", { exact: true }).fill("gdw_00000000_wrong");
    await page.getByRole("button", { name: "Show it" }).click();
    await page
      .getByText(/This needs the scope/)
      .first()
      .waitFor();
    await page.getByLabel("Token", { exact: true }).fill(stage.adminToken);
    await page.getByRole("button", { name: "Show it" }).click();
    await page.getByLabel("Name of a new token").fill("ci");
    await page.getByLabel("Role", { exact: true }).selectOption("operator");
    await page.getByRole("button", { name: "Make a token" }).click();
    await page.getByText(/^gdw_/).waitFor();
    await page.getByRole("row", { name: /^ci / }).getByText("operator: read, operate", { exact: true }).waitFor();
    await page.getByLabel("Name of a new token").fill("policies");
    await page.getByLabel("Role", { exact: true }).selectOption("custom");
    await page.getByLabel("policies:manage", { exact: true }).check();
    await page.getByRole("button", { name: "Make a token" }).click();
    await page
      .getByRole("row", { name: /^policies / })
      .getByText("read, policies:manage", { exact: true })
      .waitFor();
    await page.getByRole("button", { name: "Revoke ci" }).click();
    await page.getByText("ci is revoked.").waitFor();
    const kept = await context.storageState();
    expect(JSON.stringify(kept.origins)).not.toContain("gdw_");
    await context.close();
  });

  test("P8: a host is added: named, given a token, and shown as soon as its agent says hello", async () => {
    const { page, context } = await open();
    await page.goto(`${stage.url}/settings`);
    const wizard = page.getByRole("region", { name: "Add a host" });
    await wizard.getByLabel("Name of the host").fill("alpha");
    await wizard.getByText("A host of this name is connected already.").waitFor();
    await wizard.getByLabel("Name of the host").fill("gamma");
    await wizard.getByText("Waiting for the agent of gamma").waitFor();
    expect(await wizard.getByRole("button", { name: "Make its token" }).isDisabled()).toBe(true);
    await page.getByLabel("Token", { exact: true }).fill(stage.adminToken);
    await page.getByRole("button", { name: "Show it" }).click();
    await wizard.getByRole("button", { name: "Make its token" }).click();
    const token = await wizard.getByText(/^gdw_/).innerText();
    await wizard
      .getByText(`npx godwit agent --name gamma --server ${stage.url} --token-file agent-token`, { exact: true })
      .waitFor();
    expect(await violations(page)).toEqual([]);
    {
      await using _ = await stage.anotherAgent("gamma", token);
      await wizard.getByText("gamma is there.").waitFor();
      await wizard.getByRole("link", { name: "See gamma" }).click();
      await page.getByRole("heading", { level: 1, name: /^gamma/ }).waitFor();
    }
    await page.getByRole("region", { name: "Not connected" }).waitFor();
    await context.close();
  });

  test("A5: a policy is made like another, changed, and not over somebody else's change; it is removed when that is confirmed", async () => {
    const { page, context } = await open();
    await page.goto(`${stage.url}/policies`);
    await page.getByRole("button", { name: "Duplicate fast" }).click();
    const form = page.getByRole("region", { name: "New policy" });
    await form.getByLabel("Name").fill("nightly");
    await form.getByLabel("Downtime limit", { exact: true }).fill("0");
    await form.getByRole("button", { name: "Make the policy" }).click();
    await form.getByText(/^Too small/).waitFor();
    await form.getByLabel("Downtime limit", { exact: true }).fill("200");
    await form.getByRole("button", { name: "Try sooner: raise its downtime limit" }).click();
    await form.getByLabel("Add a remedy").selectOption("throttle");
    await form.getByLabel("By up to").fill("30");
    await form.getByRole("button", { name: "Make the policy" }).click();
    const card = page.getByRole("article", { name: "nightly" });
    await card
      .getByText(/raised up to 2.s, then its bandwidth is set free, then the guest is slowed down by up to 30.%/)
      .waitFor();

    await card.getByRole("button", { name: "Edit nightly" }).click();
    await card.getByLabel("Window from, UTC").fill("22:00");
    await card.getByLabel("Window to, UTC").fill("05:30");
    expect(await violations(page)).toEqual([]);
    const { etag } = await stage.client.policies.get("nightly");
    await stage.client.policies.change("nightly", { settings: { deadlineMs: 600_000 } }, etag);
    await card.getByRole("button", { name: "Store" }).click();
    await card.getByText("nightly is at version 2 by now.").waitFor();
    await card.getByRole("button", { name: "Read it anew" }).click();
    await card.getByText("by now").waitFor({ state: "detached" });
    expect(await card.getByLabel("Deadline").inputValue()).toBe("10");
    await card.getByLabel("Downtime limit", { exact: true }).fill("250");
    await card.getByRole("button", { name: "Store" }).click();
    await page.getByText("nightly is stored.").waitFor();
    expect((await stage.client.policies.get("nightly")).policy.settings).toMatchObject({
      downtimeLimitMs: 250,
      deadlineMs: 600_000,
    });

    await card.getByRole("button", { name: "Remove nightly" }).click();
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Keep it");
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByText("nightly is removed.").waitFor();
    await card.waitFor({ state: "detached" });
    await context.close();
  });

  test("two migrations stand side by side, and a link shows the same two", async () => {
    const { page, context } = await open();
    const { items } = await stage.client.migrations.list({ limit: 2 });
    await page.goto(`${stage.url}/migrations`);
    const boxes = page.getByRole("checkbox", { name: /^Compare / });
    await boxes.nth(0).check();
    await page.getByText("choose a second one below").waitFor();
    await boxes.nth(1).check();
    await page.waitForURL(new RegExp(items.map(({ id }) => id).join("%2C")));
    await page.reload();
    const compared = page.getByRole("region", { name: "Compared" });
    await compared.getByRole("link").nth(1).waitFor();
    expect(await compared.getByRole("row", { name: /^Why/ }).getByRole("cell").allInnerTexts()).toEqual(
      items.map(({ reason }) => reason?.sentence),
    );
    await context.close();
  });

  test("P2: where a screen's script is not to be had the page says so, and goes on when it is", async () => {
    const { page, context } = await open();
    await page.route(/\/assets\/later-/, async (route) => await route.abort());
    await page.goto(`${stage.url}/hosts`);
    await page.getByRole("heading", { name: "This screen could not be shown" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("article", { name: "alpha" }).waitFor();
    await page.unroute(/\/assets\/later-/);
    await page.goto(`${stage.url}/hosts`);
    await page.getByRole("group", { name: "Hosts" }).getByText("alpha", { exact: true }).waitFor();
    await context.close();
  });

  test("P1: what a first visit loads has at most 200 kB", async () => {
    const { page, context } = await open();
    const names: string[] = [];
    page.on("request", (request) => names.push(new URL(request.url()).pathname));
    await page.goto(stage.url);
    await page.getByText("Live", { exact: true }).waitFor();
    const folder = fileURLToPath(new URL("../../apps/dashboard/dist/", import.meta.url));
    const loaded = ["index.html", ...names.filter((name) => /^\/assets\/(?!later-)/.test(name))];
    const sizes = loaded.map((name) => statSync(join(folder, `${name}.gz`)).size);
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000);
    await context.close();
  });
});
