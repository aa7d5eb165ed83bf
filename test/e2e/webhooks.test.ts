import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreatedWebhook, DeliveryList, WebhookList } from "@godwit/contract";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { isSignedBy, type Received, Receiver } from "../../apps/orchestrator/src/support/receiver.ts";
import { Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import { until } from "./support/until.ts";

/** Deliveries over the deaths of an orchestrator that has no host. */
let folder: string;
let receiver: Receiver;
let cluster: Cluster;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-webhooks-"));
  receiver = await Receiver.listen();
  const config = join(folder, "config.json");
  await writeFile(config, JSON.stringify({ webhooks: { receivers: [receiver.origin], firstRetryMs: 50 } }));
  cluster = await Cluster.start([], () => ({ options: ["--config", config] }));
}, 180_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = () => ({ status: 200 });
});

async function webhook(): Promise<CreatedWebhook> {
  const body = { url: receiver.origin, types: ["policy.created"] };
  return CreatedWebhook.parse((await cluster.ask("POST", "/v1/webhooks", { body })).body);
}

let count = 0;
async function happen(): Promise<string> {
  const name = `policy-${(count += 1)}`;
  expect((await cluster.ask("POST", "/v1/policies", { body: { name } })).status).toBe(201);
  return name;
}

const idOf = ({ headers }: Received) => headers["webhook-id"];
const sentenceOf = ({ message }: Received) => String(message.data["sentence"]);

async function toldOf(names: string[]): Promise<void> {
  const isTold = (name: string) => receiver.received.some((each) => sentenceOf(each).endsWith(` ${name}.`));
  await until(`${names.join(", ")} were told`, () => names.every(isTold));
}

test("W2: an orchestrator that is killed while it sends, and while more has just happened, tells all of it afterwards", async () => {
  const { id, secret } = await webhook();
  receiver.answer = () => undefined;
  const names = [await happen()];
  await until("the first is on its way", () => receiver.received.length === 1);
  names.push(await happen(), await happen());
  await cluster.kill("server");
  receiver.answer = () => ({ status: 200 });
  await cluster.restart("server");
  await toldOf(names);
  const delivered = await until("all are delivered", async () => {
    const { items } = DeliveryList.parse(
      (await cluster.ask("GET", `/v1/webhooks/${id}/deliveries?state=delivered`)).body,
    );
    return items.length === names.length ? items : undefined;
  });
  // What was on its way came again as it was; each of the others came once.
  const [first, again, ...rest] = receiver.received;
  expect(again?.body).toBe(first?.body);
  expect([first, again, ...rest].map((each) => each && idOf(each))).toEqual(
    [delivered[2], delivered[2], delivered[1], delivered[0]].map((each) => each?.id),
  );
  for (const each of receiver.received) expect(isSignedBy(secret, each)).toBe(true);
  await cluster.ask("DELETE", `/v1/webhooks/${id}`, { headers: { "if-match": "*" } });
}, 180_000);

test("W3: a receiver that fails is told once it recovers, also by the orchestrator's next process", async () => {
  const { id } = await webhook();
  receiver.answer = () => ({ status: 500 });
  const names = [await happen(), await happen()];
  await until(
    "both are tried again",
    () => new Set(receiver.received.map(idOf)).size === 2 && receiver.received.length > 3,
  );
  await cluster.kill("server", "SIGTERM");
  receiver.received.length = 0;
  receiver.answer = () => ({ status: 200 });
  await cluster.restart("server");
  await toldOf(names);
  expect(new Set(receiver.received.map(idOf)).size).toBe(2);
  await cluster.ask("DELETE", `/v1/webhooks/${id}`, { headers: { "if-match": "*" } });
}, 180_000);

test("W1: webhooks on the command line", async () => {
  const made = await runCommand(
    cluster,
    "webhook",
    "create",
    receiver.origin,
    "--type",
    "policy.created",
    "--description",
    "tests",
  );
  expect(made).toMatchObject({ code: 0, data: expect.stringMatching(/^whsec_\S+\n$/) });
  const id = WebhookList.parse((await cluster.ask("GET", "/v1/webhooks")).body).items[0]?.id ?? "";
  expect(made.talk).toContain(id);
  expect((await runCommand(cluster, "webhook", "list")).data).toMatch(
    new RegExp(`^${id} +http://\\S+ +policy.created +tests$`, "m"),
  );
  await happen();
  await until("it is told", () => receiver.received.length === 1);
  const [first] = receiver.received;
  expect(first && isSignedBy(made.data.trim(), first)).toBe(true);
  const delivery = String(first && idOf(first));
  await until("it is delivered", async () =>
    (await runCommand(cluster, "webhook", "deliveries", id, "--state", "delivered")).data.includes(
      `${delivery}  policy.created`,
    ),
  );
  expect(await runCommand(cluster, "webhook", "resend", id, delivery)).toMatchObject({ code: 0 });
  await until("it is told again", () => receiver.received.length === 2);
  expect(await runCommand(cluster, "webhook", "ping", id)).toMatchObject({ code: 0 });
  await until("the ping has arrived", () => receiver.types().includes("webhook.ping"));
  expect(await runCommand(cluster, "webhook", "create", "https://elsewhere.example.com")).toMatchObject({
    code: 5,
    talk: expect.stringMatching(/^receiver-not-allowed: .*\n {2}\/url: /),
  });
  expect(await runCommand(cluster, "webhook", "delete", id)).toMatchObject({ code: 0 });
  expect(await runCommand(cluster, "webhook", "deliveries", id)).toMatchObject({ code: 3 });
}, 180_000);
