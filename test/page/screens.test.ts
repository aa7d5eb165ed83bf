import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { openBrowser, Stage, tabTo, violations, visit, type Visit } from "./support.ts";

const chromium = need("chromium");
const unknownId = "0199c0de-0000-7000-8000-000000000000";

describe("every screen", () => {
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
    ["/hosts", /Connected/],
    ["/hosts/alpha", /Back ends/],
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
    120_000,
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

  test("tokens are seen, made and revoked by whoever shows one that may, and the page keeps it nowhere", async () => {
    const { page, context } = await open();
    await page.goto(`${stage.url}/settings`);
    await page.getByLabel("Token", { exact: true }).fill("gdw_00000000_wrong");
    await page.getByRole("button", { name: "Show it" }).click();
    await page.getByText(/This needs the scope/).waitFor();
    await page.getByLabel("Token", { exact: true }).fill(stage.adminToken);
    await page.getByRole("button", { name: "Show it" }).click();
    await page.getByLabel("Name of a new token").fill("ci");
    await page.getByRole("button", { name: "Make a token" }).click();
    await page.getByText(/^gdw_/).waitFor();
    await page.getByRole("button", { name: "Revoke ci" }).click();
    await page.getByText("ci is revoked.").waitFor();
    const kept = await context.storageState();
    expect(JSON.stringify(kept.origins)).not.toContain("gdw_");
    await context.close();
  });

  test("P1: what a first visit loads has at most 200 kB", () => {
    const folder = fileURLToPath(new URL("../../apps/dashboard/dist/", import.meta.url));
    const packed = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".gz"));
    const total = packed.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(packed.length).toBeGreaterThan(2);
    expect(total).toBeLessThanOrEqual(200_000);
  });
});
