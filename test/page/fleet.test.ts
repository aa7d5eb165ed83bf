import { once } from "node:events";
import { createServer } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { flawsOf, openBrowser, Stage, visit, type Visit } from "./support.ts";

const chromium = need("chromium");
/** On a machine that has much else to do. */
const limitMs = 90_000;

describe("what concerns more than one guest", { timeout: 240_000 }, () => {
  let stage: Stage;
  let browser: Browser;
  let visited: Visit;

  beforeAll(async () => {
    if (chromium.path === undefined) return;
    [stage, browser] = await Promise.all([Stage.start(), openBrowser(chromium.path)]);
    visited = await visit(browser, { viewport: { width: 1280, height: 800 } });
    await visited.page.goto(stage.link);
    await visited.page.getByText("Live", { exact: true }).waitFor();
  });

  beforeEach((context) => {
    if (chromium.missing !== undefined) context.skip(chromium.missing);
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  test("S13, S14: a host is cordoned with a reason, given a link budget, and let go again", async () => {
    const { page } = visited;
    await page.goto(`${stage.url}/hosts/beta`);
    await page.getByRole("button", { name: "Cordon beta" }).click();
    const dialog = page.getByRole("dialog", { name: "Cordon beta?" });
    await dialog.getByLabel("Why, for whoever looks at it later").fill("a new kernel");
    await dialog.getByRole("button", { name: "Cordon it" }).click();
    await page
      .getByRole("region", { name: "Set apart" })
      .getByText(/^Cordoned by .*: a new kernel\. No migration/)
      .waitFor();
    await page.getByText("Change its link budget").click();
    await page.getByLabel("All that enter together").fill("0.01");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page
      .getByText(/^Too small/)
      .first()
      .waitFor();
    await page.getByLabel("All that enter together").fill("3");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("of 3.00 MB/s").waitFor();
    // What is no number is empty to a script, and empty means as its agent says.
    await page.getByText("Change its link budget").click();
    const entering = page.getByLabel("All that enter together");
    await entering.fill("");
    await entering.pressSequentially("1e");
    await page.getByLabel("All that leave together").focus();
    await page.getByRole("button", { name: "Change", exact: true }).click();
    expect(await page.evaluate("probes.focused()")).toBe("All that enter together");
    expect(await flawsOf(page)).toEqual([]);
    expect(await stage.client.hosts.get("beta")).toMatchObject({
      cordoned: { reason: "a new kernel" },
      linkBudget: { inBytesPerSec: 3_000_000 },
    });
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("article", { name: "beta" }).getByText("Cordoned", { exact: true }).waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Uncordon beta" }).click();
    await page.getByRole("region", { name: "Set apart" }).waitFor({ state: "detached" });
    await page.getByText("Change its link budget").click();
    await page.getByLabel("All that enter together").fill("");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("of 6.00 MB/s").nth(1).waitFor();
  });

  test("A11: the audit tells who asked for what, why and what came of it, to whoever shows a token that may see it", async () => {
    const { page } = visited;
    await page.goto(`${stage.url}/settings`);
    const audit = page.getByRole("region", { name: "Audit" });
    await audit.getByText(/show a token above that has the scope admin/).waitFor();
    await page.getByLabel("Token", { exact: true }).fill(stage.adminToken);
    await page.getByRole("button", { name: "Show it" }).click();
    const row = audit.getByRole("row").filter({ hasText: "/cordon" });
    await row.getByText("a new kernel").waitFor();
    expect(await row.innerText()).toMatch(
      /dashboard[^]*POST \/v1\/hosts\/\{host\}\/cordon[^]*host beta[^]*Done[^]*200/,
    );
    await audit.getByLabel("Target, by name or id").fill("alpha");
    await row.waitFor({ state: "detached" });
    expect(await flawsOf(page)).toEqual([]);
  });

  test("E2: what is typed is planned with once it has been typed, not at each key", async () => {
    const { page, posts, context } = await visit(browser, { storageState: await visited.context.storageState() });
    await page.clock.install();
    await page.goto(`${stage.url}/drains/new?host=alpha`);
    const start = page.getByRole("button", { name: /^Start/, disabled: false });
    await start.waitFor();
    await page.clock.pauseAt(Date.now() + 60_000);
    await start.waitFor();
    const before = posts.length;
    await page.getByLabel("To be empty within").pressSequentially("600");
    await page.getByRole("button", { name: "Planning …", disabled: true }).waitFor();
    expect(posts).toHaveLength(before);
    await page.clock.resume();
    await start.waitFor();
    expect(posts.slice(before).map(({ path }) => path)).toEqual([expect.stringMatching(/^\/v1\/hosts\/.*\/drain$/)]);
    await context.close();
  });

  test("E2, E3, E8: a drain is planned before anything moves; the guest that cannot go is named with why; without it the drain ends, and its guests come back", async () => {
    const { page } = visited;
    await stage.seenAtRest("slow");
    const port = await stage.createGuest("stuck");
    const squatter = createServer().listen(port, "127.0.0.2");
    await once(squatter, "listening");
    await page.goto(`${stage.url}/hosts/alpha`);
    await page.getByRole("link", { name: "Drain alpha" }).click();
    const plan = page.getByRole("region", { name: "Dry run" });
    const rowOf = (guest: string) => page.getByRole("row").filter({ hasText: guest });
    await plan.getByRole("row").filter({ hasText: "stuck" }).getByText("Blocked", { exact: true }).waitFor();
    await plan.getByText(`127.0.0.2:${port}`).first().waitFor();
    expect(await rowOf("slow").innerText()).toMatch(/Queued[^]*beta/);
    expect(await flawsOf(page)).toEqual([]);
    await page.getByLabel("To be empty within").fill("-1");
    await page.getByText("it has passed already").first().waitFor();
    await page.getByLabel("To be empty within").fill("60");
    await page.getByRole("button", { name: /^Start: 2 guests.*, 1 blocked$/, disabled: false }).click();

    await page.getByRole("heading", { level: 1, name: /^Drain of alpha/ }).waitFor();
    await rowOf("quick").getByText("Moved", { exact: true }).waitFor({ timeout: limitMs });
    await rowOf("slow").getByText("Moved", { exact: true }).waitFor({ timeout: limitMs });
    await rowOf("stuck").getByText("Blocked", { exact: true }).waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("region", { name: "Needs attention" }).getByText("drain of alpha").first().waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Continue without stuck" }).click();
    await page.getByRole("heading", { level: 1, name: /Completed$/ }).waitFor({ timeout: limitMs });
    expect((await stage.client.guests.get("slow")).host).toBe("beta");

    await page.getByRole("button", { name: "Bring the guests of alpha back" }).click();
    await page.getByRole("button", { name: "Bring them back" }).click();
    await page.getByRole("heading", { level: 1, name: /Brought back$/ }).waitFor({ timeout: limitMs });
    expect((await stage.client.guests.get("slow")).host).toBe("alpha");
    await page.getByRole("link", { name: "Drains", exact: true }).click();
    await page
      .getByRole("row", { name: /^alpha/ })
      .getByText("Brought back", { exact: true })
      .waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await new Promise((resolve) => squatter.close(resolve));
  });

  test("the scheduler is paused with a reason, the queue tells what waits for that, and it goes on", async () => {
    const { page } = visited;
    await page.goto(`${stage.url}/queue`);
    await page.getByText("Nothing waits.").waitFor();
    await page.getByRole("button", { name: "Pause the scheduler" }).click();
    const dialog = page.getByRole("dialog", { name: "Pause the scheduler?" });
    await dialog.getByLabel("Why, for whoever looks at it later").fill("a switch is replaced");
    await dialog.getByRole("button", { name: "Pause it" }).click();
    await page
      .getByRole("region", { name: "Paused" })
      .getByText(/: a switch is replaced/)
      .waitFor();
    const limits = { downtimeLimitMs: 30_000 };
    const { id } = await stage.client.migrations.create({ guest: "quick", destination: "beta", limits });
    await page.getByRole("table", { name: "Waiting" }).getByText("quick").waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Let the scheduler go on" }).click();
    await page.getByRole("region", { name: "Paused" }).waitFor({ state: "detached" });
    const { phase, reason } = await stage.client.waitForEnd(id);
    expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
    await page.getByText("Nothing waits.").waitFor();
  });
});
