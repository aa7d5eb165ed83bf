import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { openBrowser, Stage, violations, visit, type Visit } from "./support.ts";

const chromium = need("chromium");
type Session = Awaited<ReturnType<Visit["context"]["storageState"]>>;

const signedOut = /status of 401/;
/** On a machine that has much else to do. */
const limitMs = 90_000;

describe("the dashboard", { timeout: 180_000 }, () => {
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

  const again = async (path = "/"): Promise<Visit> => {
    const other = await visit(browser, { storageState: session });
    await other.page.goto(`${stage.url}${path}`);
    await other.page.getByText("Live", { exact: true }).waitFor();
    return other;
  };
  const begin = async (guest: string, destination: string) => {
    const { page } = visited;
    await page.getByRole("link", { name: "New migration", exact: true }).click();
    await page.getByLabel("Guest", { exact: true }).selectOption(guest);
    await page.getByRole("radio", { name: new RegExp(`^${destination}`) }).check();
    await page.getByRole("button", { name: /^Start/ }).click();
    await page.getByRole("heading", { level: 1, name: guest }).waitFor();
  };

  test("P2: the link opens it: the overview shows hosts and guests, and the code is kept nowhere", async () => {
    const { page, context } = visited;
    await page.goto(stage.link);
    const alpha = page.getByRole("article", { name: "alpha" });
    await alpha.getByText("Connected").waitFor();
    console.log({ aliveAfterMs: Math.round(Number(await page.evaluate("performance.now()"))) });
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

  test("P2: a used link says that it has been used, and how to come by a new one", async () => {
    const { page, context } = await visit(browser);
    await page.goto(stage.link);
    await page.getByRole("heading", { name: "This link has been used, or has expired" }).waitFor();
    expect(await page.locator("code").allInnerTexts()).toEqual(["npx godwit demo", "npx godwit server"]);
    await context.close();
  });

  test("P1: where the page itself cannot be fetched that is said, with a way to try again; no browser lacks what it needs", async () => {
    const { page, context, complaints } = await visit(browser, { storageState: session });
    await page.addInitScript("delete globalThis.requestIdleCallback");
    await page.route(/\/assets\/page-.*\.js$/, async (route) => await route.abort());
    await page.goto(stage.url);
    await page.getByRole("heading", { name: "The page could not be fetched" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.unrouteAll();
    complaints.length = 0;
    const rest = page.waitForResponse(/\/assets\/later-.*\.js$/);
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    expect((await rest).ok()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("P2: without a link and a session it says what it takes; with a session the used link is as good as any", async () => {
    const { page, context } = await visit(browser);
    await page.goto(stage.url);
    await page.getByRole("heading", { name: "This page opens by a link" }).waitFor();
    await context.close();
    const other = await visit(browser, { storageState: session });
    await other.page.goto(stage.link);
    await other.page.getByText("Live", { exact: true }).waitFor();
    expect(other.page.url()).toBe(`${stage.url}/`);
    await other.context.close();
  });

  test("what the API refuses is said at the field that it points to", async () => {
    const { page } = visited;
    await page.getByRole("link", { name: "New migration", exact: true }).click();
    const limit = page.getByLabel("Downtime limit");
    await limit.fill("0");
    await page.getByText(/^Too small/).waitFor();
    expect(await limit.getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByRole("button", { name: "beta refuses it" }).isDisabled()).toBe(true);
    await limit.fill("");
    await page.getByRole("button", { name: /^Start/ }).waitFor();
  });

  test("P4, P6: a migration is planned, begun, shown live without anything moving, and in the end predicted against actual", async () => {
    const { page } = visited;
    await page.getByLabel("Guest", { exact: true }).selectOption("slow");
    await page.getByRole("list", { name: "Checks" }).getByText("slow runs on alpha and is not being moved.").waitFor();
    // How long it takes is left out where the guest's history, such as its filling, makes that uncertain.
    await page.getByRole("button", { name: /^Start: (about .*, )?downtime about/ }).click();
    await page
      .getByText(/pending at .*; predicted downtime .*, limit 300 ms\.$/)
      .first()
      .waitFor();
    await page.getByRole("img", { name: /^Pending bytes of each device over time: / }).waitFor();
    await page.evaluate("probes.startShifts()");
    expect(await page.getByRole("meter").getAttribute("aria-valuetext")).toMatch(
      /\d\s(ms|s), likely .*; the limit is 300\sms$/,
    );
    await page
      .getByText(/^slow runs on beta/)
      .first()
      .waitFor({ timeout: limitMs });
    const row = page.getByRole("row", { name: "Downtime" });
    const shifted = Number(await page.evaluate("probes.shifted()"));
    console.log({ shifted });
    expect(shifted).toBeLessThan(0.02);
    const { items } = await stage.client.migrations.list({ guest: "slow" });
    const { downtimeMs = Number.NaN, id } = items[0] ?? {};
    expect(page.url()).toBe(`${stage.url}/migrations/${id}`);
    // The sentence of the end may be there before the report.
    const cell = row.getByRole("cell").nth(2).filter({ hasText: /\d/ });
    const actual = (await cell.innerText()).replace(/^[^:]*:\s*/, "");
    expect(Number.parseFloat(actual) * (/\ss$/.test(actual) ? 1000 : 1)).toBeCloseTo(
      downtimeMs,
      downtimeMs < 100 ? 0 : -2,
    );
    await page.getByRole("group", { name: "Switchover by device" }).getByText("ram").waitFor();
    const told = page.getByRole("region", { name: "What happened" }).getByRole("listitem");
    expect(await told.first().innerText()).toMatch(/Asked for\s+slow is to move from alpha to beta/);
    expect(await told.last().innerText()).toMatch(/Completed\s+slow runs on beta/);
    await page.locator("[aria-live=polite]").getByText("Completed: slow runs on beta").waitFor({ state: "attached" });
  });

  test("P6: a guest that is written faster than the link carries is aborted, with its reason and the figures behind it", async () => {
    const { page } = visited;
    const load = await stage.createHopeless();
    await begin("hopeless", "beta");
    await page
      .getByText(/hopeless goes on serving on alpha\.$/)
      .first()
      .waitFor({ timeout: limitMs });
    const verdict = page.getByRole("region", { name: "Verdict", exact: true });
    expect(await verdict.innerText()).toMatch(/^Aborted/);
    const ended = page.getByRole("region", { name: "What happened" }).getByRole("listitem").last();
    await ended.getByText(/figures$/).click();
    await ended.getByText("downtime limit", { exact: true }).waitFor();
    await load[Symbol.asyncDispose]();
    await stage.client.guests.remove("hopeless");
    // Until the page knows that it is gone, a new migration is that of the first guest by name, and its plan is refused.
    await page.getByRole("link", { name: "Guests", exact: true }).click();
    await page.getByRole("row").filter({ hasText: "hopeless" }).waitFor({ state: "detached" });
    await page.getByRole("row").filter({ hasText: "slow" }).waitFor();
  });

  test("Cancel ends a migration under way, and the guest stays where it is", async () => {
    const { page } = visited;
    await begin("slow", "alpha");
    await page.getByRole("button", { name: "Cancel the migration of slow" }).click();
    await page
      .getByText(/It was cancelled/)
      .first()
      .waitFor();
    expect((await stage.client.guests.get("slow")).host).toBe("beta");
  });

  test("a migration is held at the brink, given another limit, asked about before it is switched over now, and switched over", async () => {
    const { page } = visited;
    await begin("slow", "alpha");
    await page.getByRole("button", { name: "Hold slow at the brink" }).click();
    await page.getByText("It is ready and held until it is let go.").first().waitFor({ timeout: limitMs });
    await page.getByText("Change its downtime limit").click();
    await page.getByLabel("New limit").fill("500");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("limit 500 ms").first().waitFor();
    await page.getByRole("button", { name: "Switch over now: slow" }).click();
    const dialog = page.getByRole("dialog", { name: "Switch over slow now?" });
    await dialog.getByText(/It is taken as it comes, and cannot be taken back/).waitFor();
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Not now");
    await dialog.getByRole("button", { name: "Switch over", exact: true }).click();
    await page
      .getByText(/^slow runs on alpha/)
      .first()
      .waitFor({ timeout: limitMs });
    expect((await stage.client.guests.get("slow")).host).toBe("alpha");
  });

  test("P3: a migration that something else began and ended is shown like any other", async () => {
    const { page } = visited;
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    const { id } = await stage.client.migrations.create({ guest: "quick", destination: "beta" });
    const ended = await stage.client.waitForEnd(id);
    const row = page.getByRole("row").filter({ hasText: ended.reason?.sentence ?? "no reason" });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/^Completed\s+quick\s+alpha/);
    const { ended: counted } = await stage.client.overview();
    await page.getByText(new RegExp(`^${counted.completed} completed`)).waitFor();
  });

  test("an agent that vanishes in mid-run is named, with what happens without it", async () => {
    const { page } = visited;
    await begin("slow", "beta");
    await page
      .getByText(/pending at /)
      .first()
      .waitFor();
    await stage.signal("beta", "SIGKILL");
    await page.getByText("The agent of beta is disconnected").waitFor();
    const { items } = await stage.client.migrations.list({ guest: "slow" });
    await stage.restartAgent("beta");
    const { phase } = await stage.client.waitForEnd(items[0]?.id ?? "");
    await page
      .getByRole("region", { name: "Verdict", exact: true })
      .getByText(new RegExp(`^${phase}$`, "i"))
      .waitFor();
    await page.getByText("The agent of beta is disconnected").waitFor({ state: "detached" });
    expect((await stage.client.guests.get("slow")).host).toBe(phase === "completed" ? "beta" : "alpha");
  });

  test("nothing was refused by the browser, and every POST had a key of its own", () => {
    expect(visited.complaints.filter((each) => !/status of 400/.test(each))).toEqual([]);
    const keys = visited.posts.map(({ key }) => key);
    expect(visited.posts.map(({ path }) => path)).toContain("/v1/migrations");
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("P2: a session that is ended in one tab is over in every other", async () => {
    const other = await again("/settings");
    const third = await again();
    const cookie = session.cookies.map(({ name, value }) => `${name}=${value}`).join();
    const stream = await fetch(`${stage.url}/v1/events`, { headers: { cookie } });
    await other.page.getByRole("button", { name: "End the session" }).click();
    await other.page.getByRole("heading", { name: "This page opens by a link" }).waitFor();
    await third.page.getByRole("heading", { name: "The session is over" }).waitFor({ timeout: limitMs });
    // The stream that was begun in it ends too: this would not resolve otherwise.
    expect(stream.status).toBe(200);
    await stream.text();
    await other.context.close();
    await third.context.close();
    await visited.page.getByRole("heading", { name: "The session is over" }).waitFor({ timeout: limitMs });
    await stage.restartServer();
    await stage.agentsConnected();
    await visited.page.goto(stage.link);
    await visited.page.getByText("Live", { exact: true }).waitFor({ timeout: limitMs });
    expect(visited.page.url()).toBe(`${stage.url}/`);
  });

  test("P3: an orchestrator that hangs is noticed too, and everything is read anew when it goes on", async () => {
    const { page } = visited;
    await stage.signal("server", "SIGSTOP");
    await page.getByText(/^No news for \d+\ss\.$/).waitFor({ timeout: limitMs });
    const readAnew = page.waitForResponse((response) => response.url().endsWith("/v1/migrations?limit=100"));
    await stage.signal("server", "SIGCONT");
    expect((await readAnew).status()).toBe(200);
    await page.getByText("Live", { exact: true }).waitFor({ timeout: limitMs });
  });

  test("P3: an orchestrator that is killed is told within 3 s; started again it asks for a new link", async () => {
    const { page, complaints } = visited;
    await stage.signal("server", "SIGKILL");
    await page.getByText(/^No news for \d+\ss\.$/).waitFor({ timeout: 3_000 });
    expect(await page.getByText(/This is how it was at \d\d:\d\d:\d\d/).isVisible()).toBe(true);
    await stage.startServer();
    await page.getByRole("heading", { name: "The session is over" }).waitFor({ timeout: limitMs });
    expect(complaints.some((each) => signedOut.test(each))).toBe(true);
    await stage.agentsConnected();
  });
});
