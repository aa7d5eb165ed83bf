import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DeliveryRecord, Store, WebhookRecord } from "@godwit/store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../../test/e2e/support/until.ts";
import { Bus } from "../bus.ts";
import { WebhookSettings } from "../config.ts";
import { Deliverer } from "./deliverer.ts";

const startedAt = Date.UTC(2026, 0, 1);
const oneLookMs = 50;

let now: number;
let timers: { at: number; task: () => void }[];
let looks: number;
let written: string[];
/** Requests that the receiver has not answered yet. */
let open: ServerResponse[];
let receiver: ReturnType<typeof createServer>;
let isHeld: () => boolean;

beforeEach(async () => {
  [now, timers, looks, written, open] = [startedAt, [], 0, [], []];
  isHeld = () => true;
  receiver = createServer((request, response) => {
    request.resume();
    open.push(response);
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
});
afterEach(async () => {
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

test("D12: nothing is told to a webhook without the lease, also where it is lost on the way to that", async () => {
  await using deliverer = over(1);
  isHeld = () => false;
  deliverer.start();
  await pass(10_000);
  expect([looks, open.length, written.length]).toEqual([0, 0, 0]);

  // It holds when it looks and no more when it has found whom to tell.
  isHeld = () => looks === 0;
  await using other = over(1);
  other.start();
  await pass(oneLookMs);
  await until("it has looked", () => looks > 0);
  await pass(10_000);
  expect([open.length, written.length]).toEqual([0, 0]);

  isHeld = () => true;
  await using third = over(1);
  third.start();
  await pass(oneLookMs);
  await until("it is told", () => open.length === 1);
  open[0]?.writeHead(204).end();
  await until("it is written down", () => written.length === 1);
});

test("W4: while eight are sent nothing else is looked for until one of them ends, and then the next one goes", async () => {
  await using deliverer = over(9);
  deliverer.start();
  await pass(oneLookMs);
  await until("eight are on their way", () => open.length === 8);
  const before = looks;
  await pass(1_900);
  expect([looks, open.length]).toEqual([before, 8]);
  open[0]?.writeHead(204).end();
  await until("it is written down", () => written.length === 1 && timers.some(({ at }) => at <= now + oneLookMs));
  await pass(oneLookMs);
  await until("the ninth is on its way", () => open.length === 9);
});

/** A deliverer over so many webhooks, each with one delivery that is due. */
function over(count: number): Deliverer {
  // Once it listens on a port, this is what it has.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = receiver.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const webhooks = Array.from({ length: count }, (_, index) => webhookOf(`webhook-${index}`, origin));
  const deliveries = webhooks.map(deliveryOf);
  const pending = (except: string[]) =>
    deliveries.filter(({ id, webhookId }) => !written.includes(id) && !except.includes(webhookId));
  const store = {
    events: { after: async () => ({ events: [], expired: false }) },
    webhooks: {
      all: async () => {
        looks += 1;
        return webhooks;
      },
      find: async (id: string) => webhooks.find((each) => each.id === id),
    },
    deliveries: {
      countPending: async () => new Map(),
      due: async ({ except, limit }: { except: string[]; limit: number }) => pending(except).slice(0, limit),
      nextDueAt: async (except: string[]) => pending(except)[0]?.nextAttemptAt,
      attempted: async ({ id }: { id: string }) => void written.push(id),
    },
  };
  return new Deliverer({
    // The rest of the store is not asked for here.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    store: store as unknown as Store,
    bus: new Bus(),
    clock: { now: () => now, after: later },
    log: pino({ level: "silent" }),
    settings: WebhookSettings.parse({ receivers: [origin] }),
    maySend: () => isHeld(),
  });
}

function webhookOf(id: string, url: string): WebhookRecord {
  const at = new Date(startedAt);
  const secret = "whsec_c2VjcmV0";
  return { id, url, types: [], description: "", secret, version: 1, cursor: "0", createdAt: at, updatedAt: at };
}

function deliveryOf({ id }: WebhookRecord): DeliveryRecord {
  const createdAt = new Date(startedAt);
  const of = { id: `delivery-to-${id}`, webhookId: id, type: "policy.created", body: "{}" };
  return { ...of, createdAt, state: "pending", attempts: 0, nextAttemptAt: createdAt };
}

function later(ms: number, task: () => void): () => void {
  const timer = { at: now + ms, task };
  timers.push(timer);
  return () => void (timers = timers.filter((each) => each !== timer));
}

/** Timers go off in their order, and what waits for them goes on in between. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = timers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) break;
    now = Math.max(now, next.at);
    timers = timers.filter((each) => each !== next);
    next.task();
  }
  now = end;
}
