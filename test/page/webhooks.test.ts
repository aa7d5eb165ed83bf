import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isSignedBy, Receiver } from "../../apps/orchestrator/src/support/receiver.ts";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { flawsOf, openBrowser, Stage, visit, type Visit } from "./support.ts";

const chromium = need("chromium");

describe("the webhooks of the settings", { timeout: 180_000 }, () => {
  let receiver: Receiver;
  let stage: Stage;
  let browser: Browser;
  let page: Visit["page"];

  beforeAll(async () => {
    if (chromium.path === undefined) return;
    receiver = await Receiver.listen();
    const settings = { webhooks: { receivers: [receiver.origin] } };
    [stage, browser] = await Promise.all([Stage.start({ settings, alone: true }), openBrowser(chromium.path)]);
    ({ page } = await visit(browser, { viewport: { width: 1280, height: 800 } }));
    await page.goto(stage.link);
    await page.getByText("Live", { exact: true }).waitFor();
  });

  beforeEach((context) => {
    if (chromium.missing !== undefined) context.skip(chromium.missing);
  });

  afterAll(async () => {
    await browser?.close();
    await stage?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  const webhooks = () => page.getByRole("region", { name: "Webhooks" });
  const address = () => webhooks().getByLabel("Address of a new one");
  const events = () => webhooks().getByLabel("Events, with spaces between");
  const tell = async () => await webhooks().getByRole("button", { name: "Tell it" }).click();
  const secret = () => webhooks().getByText(/^whsec_/);
  const url = () => `${receiver.origin}/hook`;

  /** The settings as whoever shows a token sees them. */
  const openSettings = async () => {
    await page.goto(`${stage.url}/settings`);
    await webhooks().getByText("To see them, show a token above that has the scope admin.").waitFor();
    await page.getByLabel("Token", { exact: true }).fill(stage.adminToken);
    await page.getByRole("button", { name: "Show it" }).click();
    await address().waitFor();
  };

  test("W5, A2: an address that may not be told, and an event that there is not, are refused at their fields", async () => {
    await openSettings();
    await webhooks().getByText("Nobody is told of anything yet.").waitFor();
    await address().fill("https://elsewhere.example.com/hook");
    await tell();
    await webhooks().getByText("https://elsewhere.example.com is not among the receivers").waitFor();
    expect(await address().getAttribute("aria-invalid")).toBe("true");
    expect(await events().getAttribute("aria-invalid")).toBe("false");
    await address().fill(url());
    await events().fill("policy.created policy.dreamt");
    await tell();
    await webhooks()
      .getByText(/^Invalid option/)
      .waitFor();
    expect(await address().getAttribute("aria-invalid")).toBe("false");
    expect(await events().getAttribute("aria-invalid")).toBe("true");
    expect(await flawsOf(page)).toEqual([]);
  });

  test("W1: a receiver is told of what happens from then on, signed by a secret that is shown once", async () => {
    await openSettings();
    await address().fill(url());
    await events().fill("policy.created");
    await tell();
    const told = await secret().innerText();
    await webhooks().getByText(`${url()} is told from now on.`).waitFor();
    await stage.client.policies.create({ name: "nightly" });
    await until("it was told", () => receiver.received.length === 1);
    expect(receiver.received.map((each) => isSignedBy(told, each))).toEqual([true]);
    await webhooks().getByText("Deliveries", { exact: true }).click();
    const delivery = webhooks().getByRole("row", { name: /^policy\.created/ });
    await delivery.getByText("Delivered", { exact: true }).waitFor();
    await delivery.getByRole("cell", { name: "204", exact: true }).waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await openSettings();
    await webhooks().getByText(url(), { exact: true }).waitFor();
    expect(await secret().count()).toBe(0);
  });

  test("W3: a delivery is sent again by hand, and where that fails it is said", async () => {
    await openSettings();
    await webhooks().getByText("Deliveries", { exact: true }).click();
    const again = webhooks().getByRole("button", { name: "Send again: policy.created" });
    const problem = { type: "about:blank", status: 404, code: "unknown-delivery", detail: "It is kept no longer." };
    await page.route("**/resend", async (route) => await route.fulfill({ status: 404, json: problem }));
    await again.click();
    await webhooks().getByText("policy.created was not sent again: It is kept no longer.").waitFor();
    await page.unrouteAll();
    await again.click();
    await until("it was told again", () => receiver.received.length === 2);
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test("W1: it is given a new secret, which is shown once as well, and is told no more once it is removed", async () => {
    await openSettings();
    await webhooks()
      .getByRole("button", { name: `Make a new secret for ${url()}` })
      .click();
    const told = await secret().innerText();
    await webhooks()
      .getByRole("button", { name: `Ping ${url()}` })
      .click();
    await until("it was pinged", () => receiver.types().includes("webhook.ping"));
    expect(receiver.received.slice(-1).map((each) => isSignedBy(told, each))).toEqual([true]);
    await webhooks()
      .getByRole("button", { name: `Remove ${url()}` })
      .click();
    await webhooks().getByText("Nobody is told of anything yet.").waitFor();
    expect(await webhooks().getByText(url(), { exact: true }).count()).toBe(0);
  });
});
