import {
  CreatedToken,
  CreatedWebhook,
  DeliveryList,
  type ProblemCode,
  problems,
  type WebhookDelivery,
  WebhookList,
} from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../../../test/e2e/support/until.ts";
import { isSignedBy, type Received, Receiver } from "../support/receiver.ts";
import { serve, type Served } from "../support/served.ts";

let receiver: Receiver;
let other: Receiver;
let served: Served;
beforeAll(async () => {
  [receiver, other] = [await Receiver.listen(), await Receiver.listen()];
  const receivers = [receiver.origin, other.origin, "https://hooks.example.com"];
  served = await serve({ webhooks: { receivers, firstRetryMs: 10 } });
}, 180_000);
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await Promise.all([receiver[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
}, 60_000);

beforeEach(() => {
  for (const each of [receiver, other]) {
    each.received.length = 0;
    each.mostAtOnce = 0;
    each.answer = () => ({ status: 204 });
  }
});
afterEach(async () => {
  const { items } = WebhookList.parse((await served.ask("GET", "/v1/webhooks")).body);
  for (const { id } of items) await served.ask("DELETE", `/v1/webhooks/${id}`, { headers: { "if-match": "*" } });
});

function problem(code: ProblemCode, more: object = {}): object {
  return { status: problems[code].status, body: { code, ...more } };
}

async function webhook(more: object = {}): Promise<CreatedWebhook> {
  const url = `${receiver.origin}/hooks?key=k`;
  const { status, body } = await served.ask("POST", "/v1/webhooks", {
    body: { url, types: ["policy.created"], ...more },
  });
  expect(status).toBe(201);
  return CreatedWebhook.parse(body);
}

let count = 0;
/** Makes an event that tells of a name of its own. */
async function happen(): Promise<string> {
  const name = `policy-${(count += 1)}`;
  expect((await served.ask("POST", "/v1/policies", { body: { name } })).status).toBe(201);
  return name;
}

function nameIn({ message }: Received): unknown {
  return message.data["data"] instanceof Object && "policy" in message.data["data"] ? message.data["data"].policy : "";
}

async function arrived(number: number): Promise<void> {
  await until(`${number} messages have arrived`, () => receiver.received.length >= number);
}

async function deliveries(id: string, state?: string): Promise<WebhookDelivery[]> {
  const query = state === undefined ? "" : `?state=${state}`;
  return DeliveryList.parse((await served.ask("GET", `/v1/webhooks/${id}/deliveries${query}`)).body).items;
}

async function ended(id: string): Promise<WebhookDelivery> {
  return await until("a delivery has ended", async () =>
    (await deliveries(id)).find((each) => each.endedAt !== undefined),
  );
}

describe("W1: a webhook", () => {
  test("is told of what happens after it was made, signed, in the order in which it happened", async () => {
    await happen();
    const { id, secret } = await webhook();
    expect(secret).toMatch(/^whsec_[0-9A-Za-z+/]{43}=$/);
    const names = [await happen(), await happen(), await happen()];
    await arrived(3);
    expect(receiver.received.map(nameIn)).toEqual(names);
    expect(receiver.mostAtOnce).toBe(1);
    for (const each of receiver.received) expect(isSignedBy(secret, each)).toBe(true);
    const [first] = receiver.received;
    expect(first?.message).toMatchObject({
      type: "policy.created",
      data: { sentence: expect.stringContaining("made") },
    });
    expect(first?.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
    });
    await until("all are delivered", async () => (await deliveries(id, "delivered")).length === 3);
    expect((await deliveries(id)).map((each) => each.id).toReversed()).toEqual(
      receiver.received.map(({ headers }) => headers["webhook-id"]),
    );
  });

  test("is told of the types that it names alone, or of all where it names none", async () => {
    const { id } = await webhook({ url: other.origin, types: [] });
    await webhook({ types: ["policy.removed"] });
    const name = await happen();
    await served.ask("DELETE", `/v1/policies/${name}`, { headers: { "if-match": "*" } });
    await arrived(1);
    await until("the other is told of all", () => other.types().includes("policy.removed"));
    expect(receiver.types()).toEqual(["policy.removed"]);
    // It hears of its own making too.
    expect(other.types()).toEqual(["webhook.created", "webhook.created", "policy.created", "policy.removed"]);
    expect(await deliveries(id)).toHaveLength(4);
  });

  test("keeps its secret to itself, and gets a new one beside which the former one signs for a day", async () => {
    const { id, secret } = await webhook();
    const seen = await served.ask("GET", `/v1/webhooks/${id}`);
    const listed = await served.ask("GET", "/v1/webhooks");
    const rotated = await served.ask("POST", `/v1/webhooks/${id}/rotate`);
    const { secret: newer, formerSecretUntil } = CreatedWebhook.parse(rotated.body);
    expect(Date.parse(formerSecretUntil ?? "") - Date.now()).toBeGreaterThan(23 * 3_600_000);
    await happen();
    await arrived(1);
    expect(receiver.received.map((each) => [secret, newer].map((key) => isSignedBy(key, each)))).toEqual([
      [true, true],
    ]);
    const audit = await served.ask("GET", "/v1/audit?limit=200");
    for (const key of [secret, newer]) expect(JSON.stringify([seen.body, listed.body, audit.body])).not.toContain(key);
  });

  test("can be pinged, and what was delivered can be sent again with its id", async () => {
    const { id } = await webhook();
    const ping = await served.ask("POST", `/v1/webhooks/${id}/ping`);
    expect(ping).toMatchObject({ status: 202, body: { type: "webhook.ping", state: "pending", attempts: 0 } });
    const { id: delivery, attempts } = await ended(id);
    expect(attempts).toBe(1);
    const again = await served.ask("POST", `/v1/webhooks/${id}/deliveries/${delivery}/resend`);
    expect(again).toMatchObject({ status: 202, body: { id: delivery, state: "pending", attempts: 0 } });
    await arrived(2);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([delivery, delivery]);
    expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body);
    expect(await served.ask("POST", `/v1/webhooks/${id}/deliveries/${uuidv7()}/resend`)).toMatchObject(
      problem("unknown-delivery"),
    );
  });

  test("A5: is changed and removed at the version that was seen, and then is told nothing any more", async () => {
    const { id } = await webhook();
    const path = `/v1/webhooks/${id}`;
    const etag = (await served.ask("GET", path)).headers.get("etag") ?? "";
    const change = { description: "to the other", url: other.origin, types: null };
    expect(await served.ask("PATCH", path, { body: change })).toMatchObject(problem("precondition-required"));
    const changed = await served.ask("PATCH", path, { body: change, headers: { "if-match": etag } });
    expect(changed).toMatchObject({ status: 200, body: { version: 2, types: [], description: "to the other" } });
    expect(await served.ask("PATCH", path, { body: change, headers: { "if-match": etag } })).toMatchObject(
      problem("precondition-failed"),
    );
    expect(await served.ask("DELETE", path, { headers: { "if-match": etag } })).toMatchObject(
      problem("precondition-failed"),
    );
    await until("the other is told", () => other.types().includes("webhook.changed"));
    const newer = changed.headers.get("etag") ?? "";
    expect(await served.ask("DELETE", path, { headers: { "if-match": newer } })).toMatchObject({ status: 204 });
    for (const [method, rest] of [
      ["GET", ""],
      ["GET", "/deliveries"],
      ["POST", "/ping"],
      ["POST", "/rotate"],
    ] as const)
      expect(await served.ask(method, `${path}${rest}`)).toMatchObject(problem("unknown-webhook"));
  });
});

describe("W3: a receiver that does not accept", () => {
  test("is tried again, with the same id and body, until it does", async () => {
    const { id, secret } = await webhook();
    let refusals = 0;
    receiver.answer = () => ((refusals += 1) <= 3 ? { status: 503 } : { status: 200 });
    await happen();
    const delivery = await ended(id);
    expect(delivery).toMatchObject({ state: "delivered", attempts: 4, lastAttempt: { status: 200 } });
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([delivery.id]));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    for (const each of receiver.received) expect(isSignedBy(secret, each)).toBe(true);
  });

  test("W4: holds up none of what comes after", async () => {
    await webhook();
    const first = await happen();
    receiver.answer = (received) => ({ status: nameIn(received) === first ? 500 : 200 });
    const later = await happen();
    await until("the later one has arrived", () => receiver.received.some((each) => nameIn(each) === later));
    expect(receiver.received.findIndex((each) => nameIn(each) === later)).toBeGreaterThan(0);
  });

  test("is not asked again once it says that it is gone, which is an event that does not breed more of its kind", async () => {
    const { id } = await webhook({ types: ["policy.created", "webhook.delivery-abandoned"] });
    receiver.answer = () => ({ status: 410 });
    await happen();
    const both = await until("both are abandoned", async () => {
      const found = await deliveries(id, "abandoned");
      return found.length === 2 ? found : undefined;
    });
    expect(both).toMatchObject([
      { type: "webhook.delivery-abandoned", attempts: 1, lastAttempt: { status: 410 } },
      { type: "policy.created", attempts: 1, lastAttempt: { status: 410 } },
    ]);
    expect(receiver.received[1]?.message.data).toMatchObject({
      sentence: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ was not told of policy\.created\. /),
      data: { webhookId: id, deliveryId: both[1]?.id, code: "GONE" },
    });
    expect(receiver.received[1]?.body).not.toContain("key=k");
    receiver.answer = () => ({ status: 200 });
    await happen();
    await arrived(3);
    expect(receiver.types()).toEqual(["policy.created", "webhook.delivery-abandoned", "policy.created"]);
  });

  test("is given up in the end", async () => {
    const receivers = [receiver.origin];
    await using impatient = await serve({ webhooks: { receivers, firstRetryMs: 10, giveUpAfterMs: 100 } });
    const made = await impatient.ask("POST", "/v1/webhooks", {
      body: { url: receiver.origin, types: ["host.fenced"] },
    });
    const path = `/v1/webhooks/${CreatedWebhook.parse(made.body).id}`;
    receiver.answer = () => ({ status: 500 });
    await impatient.ask("POST", `${path}/ping`);
    const [abandoned] = await until("it is abandoned", async () => {
      const { items } = DeliveryList.parse((await impatient.ask("GET", `${path}/deliveries?state=abandoned`)).body);
      return items.length === 1 ? items : undefined;
    });
    expect(abandoned).toMatchObject({ type: "webhook.ping", lastAttempt: { status: 500 } });
    expect(receiver.received).toHaveLength(abandoned?.attempts ?? 0);
  });

  test("W4: gets no second request by a redirect", async () => {
    const { id } = await webhook();
    receiver.answer = () => ({ status: 307, headers: { location: `${other.origin}/elsewhere` } });
    await happen();
    await arrived(2);
    const failure = expect.stringContaining("redirect");
    expect(await deliveries(id)).toMatchObject([{ state: "pending", lastAttempt: { status: 307, failure } }]);
    expect(other.received).toEqual([]);
  });
});

describe("A2: what cannot be meant is refused", () => {
  test.each([
    [{}, "/url"],
    [{ url: "ftp://hooks.example.com" }, "/url"],
    [{ url: "https://ann:secret@hooks.example.com/" }, "/url"],
    [{ url: "https://hooks.example.com/#part" }, "/url"],
    [{ url: "hooks.example.com" }, "/url"],
    [{ url: "https://hooks.example.com", types: ["policy.made"] }, "/types/0"],
    [{ url: "https://hooks.example.com", types: ["policy.created", "policy.created"] }, "/types"],
    [{ url: "https://hooks.example.com", description: "a\nb" }, "/description"],
    [{ url: "https://hooks.example.com", secret: "whsec_mine" }, "/secret"],
  ])("%j, at %s", async (body, pointer) => {
    const errors = [{ pointer, detail: expect.stringMatching(/\w/) }];
    expect(await served.ask("POST", "/v1/webhooks", { body })).toMatchObject(
      problem("invalid-request", { errors: expect.arrayContaining(errors) }),
    );
  });

  test.each([
    "https://elsewhere.example.com/",
    "https://hooks.example.com:8443/",
    "https://hooks.example.com.evil.example/",
    "http://hooks.example.com/",
    "http://localhost:9/",
    "http://169.254.169.254/latest",
  ])("W5: %s is not listed", async (url) => {
    const refused = problem("receiver-not-allowed", { errors: [{ pointer: "/url" }] });
    expect(await served.ask("POST", "/v1/webhooks", { body: { url } })).toMatchObject(refused);
  });

  test("no more webhooks than there may be, and none by whoever may only operate", async () => {
    const { body } = await served.ask("POST", "/v1/tokens", { body: { name: "ci", scopes: ["read", "operate"] } });
    const headers = { authorization: `Bearer ${CreatedToken.parse(body).token}` };
    for (const [method, path] of [
      ["GET", "/v1/webhooks"],
      ["POST", "/v1/webhooks"],
    ] as const)
      expect(await served.ask(method, path, { headers, ...(method === "POST" && { body: {} }) })).toMatchObject(
        problem("forbidden"),
      );
    const url = "https://hooks.example.com/";
    const made = await Promise.all(
      Array.from(
        { length: 101 },
        async () => await served.ask("POST", "/v1/webhooks", { body: { url, types: ["host.fenced"] } }),
      ),
    );
    expect(made.filter(({ status }) => status === 201)).toHaveLength(100);
    expect(made.find(({ status }) => status !== 201)).toMatchObject(problem("too-many-webhooks"));
    for (let page = 0; page < 2; page += 1) {
      const { items } = WebhookList.parse((await served.ask("GET", "/v1/webhooks?limit=50")).body);
      expect(items).toHaveLength(50);
      for (const { id } of items) await served.ask("DELETE", `/v1/webhooks/${id}`, { headers: { "if-match": "*" } });
    }
  });
});
