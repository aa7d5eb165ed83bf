import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { openBrowser, Stage, violations, visit, type Visit } from "./support.ts";

const chromium = need("chromium");

describe("what concerns more than one guest", { timeout: 180_000 }, () => {
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

  /** In both themes, and that nothing reaches beyond the side of a narrow page. */
  const looksRight = async (page: Visit["page"]) => {
    const found = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      found.push(...(await violations(page)));
    }
    await page.setViewportSize({ width: 390, height: 844 });
    const beyond = await page.evaluate("probes.widthBeyond()");
    await page.setViewportSize({ width: 1280, height: 800 });
    expect({ found, beyond }).toEqual({ found: [], beyond: 0 });
  };

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
    await looksRight(page);
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
    await looksRight(page);
  });
});
