import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { openBrowser, Stage, visit, type Visit } from "./support.ts";

const chromium = need("chromium");
type Session = Awaited<ReturnType<Visit["context"]["storageState"]>>;

const signedOut = /status of 401/;
const limitMs = 30_000;

describe("the page", () => {
  let stage: Stage;
  let browser: Browser;
  /** The visit that the tests share, in the order in which an operator would do things. */
  let visited: Visit;
  let session: Session;

  beforeAll(async () => {
    if (chromium.path === undefined) return;
    [stage, browser] = await Promise.all([Stage.start(), openBrowser(chromium.path)]);
    visited = await visit(browser, { viewport: { width: 1280, height: 800 } });
  });

  beforeEach((context) => {
    if (chromium.missing !== undefined) context.skip(chromium.missing);
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  const again = async (options: BrowserContextOptions = {}): Promise<Visit> => {
    const other = await visit(browser, { storageState: session, ...options });
    await other.page.goto(stage.url);
    await other.page.getByText("Live").waitFor();
    return other;
  };

  test("the link opens it: it shows hosts and guests, and keeps the code nowhere", async () => {
    const { page, context } = visited;
    await page.goto(stage.link);
    const alpha = page.getByRole("article", { name: "alpha" });
    await alpha.getByText("Connected").waitFor();
    expect(await alpha.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringMatching(/^quick\s+memory\s/),
      expect.stringMatching(/^slow\s+memory\s/),
    ]);
    await page.getByRole("article", { name: "beta" }).getByText("No guest here").waitFor();
    await page.getByText("npx godwit migrate quick --to beta --watch").waitFor();
    session = await context.storageState();
    expect(page.url()).toBe(`${stage.url}/`);
    expect(session.cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
    expect(session.origins).toEqual([]);
  });

  test("a used link says that it has been used, and how to come by a new one", async () => {
    const { page, context } = await visit(browser);
    await page.goto(stage.link);
    await page.getByRole("heading", { name: "This link has been used, or has expired" }).waitFor();
    expect(await page.locator("code").allInnerTexts()).toEqual(["npx godwit demo", "npx godwit server"]);
    await context.close();
  });

  test("without a link and a session it says what it takes; with a session the used link is as good as any", async () => {
    const { page, context } = await visit(browser);
    await page.goto(stage.url);
    await page.getByRole("heading", { name: "This page opens by a link" }).waitFor();
    await context.close();
    const other = await visit(browser, { storageState: session });
    await other.page.goto(stage.link);
    await other.page.getByText("Live").waitFor();
    expect(other.page.url()).toBe(`${stage.url}/`);
    await other.context.close();
  });

  test("what the API refuses is said at the field that it points to", async () => {
    const { page } = visited;
    const limit = page.getByLabel("Downtime limit");
    await limit.fill("0");
    await limit.press("Enter");
    await page.getByText("It was not started; see above.").waitFor();
    expect(await limit.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator(".field-limit .field-error").innerText()).toMatch(/small/);
    await limit.fill("300");
  });

  test("a migration begun in the form is shown live, without anything moving, and then its outcome with its downtime", async () => {
    const { page } = visited;
    await page.getByLabel("Guest", { exact: true }).selectOption({ label: "slow on alpha" });
    await page.getByLabel("Downtime limit").press("Enter");
    const card = page.getByRole("article", { name: "slow" });
    await card.getByText(/pending at .*; predicted downtime .*, limit 300 ms\.$/).waitFor();
    await page.getByRole("status").getByText("slow is on its way to beta.").waitFor();
    await page.evaluate("probes.startShifts()");
    expect(await card.getByRole("meter").getAttribute("aria-valuetext")).toMatch(
      /\d\s(ms|s), likely .*; the limit is 300\sms$/,
    );
    expect(await card.innerText()).not.toContain("%");
    // Each side of the limit has its own colour: what is drawn of the one never covers the other.
    expect(await page.evaluate("getComputedStyle(document.querySelector('.gauge .above')).overflow")).toBe("hidden");
    const row = page.getByRole("row").filter({ hasText: "slow runs on beta" });
    await row.waitFor({ timeout: limitMs });
    const { items } = await stage.client.migrations.list({ guest: "slow" });
    const downtimeMs = items[0]?.report?.downtimeMs ?? Number.NaN;
    const actual = await row.getByRole("cell").nth(3).innerText();
    expect(Number.parseFloat(actual.replace(/^over the limit:\s*/, ""))).toBeCloseTo(
      downtimeMs,
      downtimeMs < 100 ? 0 : -1,
    );
    const shifted = await page.evaluate("probes.shifted()");
    expect(shifted).toBeLessThan(0.02);
    await page.getByRole("article", { name: "beta" }).getByRole("listitem").filter({ hasText: "slow" }).waitFor();
    await page.locator("[aria-live=polite]").getByText("Completed: slow runs on beta").waitFor({ state: "attached" });
  });

  test("Cancel ends a migration under way, and the guest stays where it is", async () => {
    const { page } = visited;
    await page.getByLabel("Guest", { exact: true }).selectOption({ label: "slow on beta" });
    await page.getByRole("button", { name: "Move slow to alpha" }).click();
    await page.getByRole("button", { name: "Cancel the migration of slow" }).click();
    const row = page.getByRole("row").filter({ hasText: "Aborted" });
    await row.filter({ hasText: /It was cancelled/ }).waitFor();
    await page.getByText("Nothing is moving.").waitFor();
    expect((await stage.client.guests.get("slow")).host).toBe("beta");
  });

  test("a migration that something else began and ended is shown like any other", async () => {
    const { id } = await stage.client.migrations.create({ guest: "quick", destination: "beta" });
    const ended = await stage.client.waitForEnd(id);
    const row = visited.page.getByRole("row").filter({ hasText: ended.reason?.sentence ?? "no reason" });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/^Completed\s+quick\s+alpha/);
  });

  test.each([
    ["light", 390],
    ["dark", 1280],
  ] as const)(
    "in the %s theme at %i px every text has WCAG's contrast, and nothing reaches beyond the side",
    async (colorScheme, width) => {
      const { page, context } = await again({ colorScheme, viewport: { width, height: 844 } });
      const { id } = await stage.client.migrations.create({ guest: "slow", destination: "alpha" });
      await page.getByRole("button", { name: "Cancel the migration of slow" }).waitFor();
      expect(await page.evaluate("probes.tooPale()")).toEqual([]);
      expect(await page.evaluate("probes.widthBeyond()")).toBe(0);
      const ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
      expect(ground).toBe(colorScheme === "light" ? "rgb(244, 245, 243)" : "rgb(15, 19, 18)");
      await stage.client.migrations.cancel(id);
      await stage.client.waitForEnd(id);
      await context.close();
    },
  );

  test("nothing was refused by the browser, and every POST had a key of its own", () => {
    expect(visited.complaints.filter((each) => !/status of 400/.test(each))).toEqual([]);
    const keys = visited.posts.map(({ key }) => key);
    expect(visited.posts.map(({ path }) => path)).toContain("/v1/migrations");
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("an orchestrator that hangs is noticed too, and everything is read anew when it goes on", async () => {
    const { page } = visited;
    await stage.signalServer("SIGSTOP");
    await page.getByText(/^No news for \d+ s\.$/).waitFor({ timeout: limitMs });
    const readAnew = page.waitForResponse((response) => response.url().endsWith("/v1/migrations?limit=100"));
    await stage.signalServer("SIGCONT");
    expect((await readAnew).status()).toBe(200);
    await page.getByText("Live", { exact: true }).waitFor({ timeout: limitMs });
  });

  test("an orchestrator that is killed is told within 3 s; started again it asks for a new link", async () => {
    const { page, complaints } = visited;
    await stage.signalServer("SIGKILL");
    await page.getByText(/^No news for \d+ s\.$/).waitFor({ timeout: 3_000 });
    expect(await page.getByText(/This is how it was at \d\d:\d\d:\d\d/).isVisible()).toBe(true);
    expect(await page.evaluate("probes.tooPale()")).toEqual([]);
    await stage.startServer();
    await page.getByRole("heading", { name: "The session is over" }).waitFor({ timeout: limitMs });
    expect(complaints.some((each) => signedOut.test(each))).toBe(true);
    await stage.agentsConnected();
  });
});
