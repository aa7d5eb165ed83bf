import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirtyHistory, FromAgent } from "@godwit/contract";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Agent } from "./agent.ts";
import type { PlaneProxy } from "./attempts/parts.ts";
import { Guests } from "./guests.ts";
import { Journal } from "./journal.ts";
import { Mailboxes } from "./mailboxes.ts";

const [migrationId, guestId] = ["m1", "g1"];
const dirty: DirtyHistory = { everyMs: 10_000, bytesPerSec: [5], curve: [{ overMs: 250, bytes: 1 }] };
const backend = { kind: "memory", version: "1", format: { writes: 1, reads: [1] }, features: [], can: {} };
const peer = { name: "ram", backend, sizeBytes: 4096 };
const pending = { initialBytes: 0, precopyBytes: 0, stopcopyBytes: 0, fixedMs: 3 };

let folder: string;
let journal: Journal;
let mailboxes: Mailboxes;
let agent: Agent;
let history: DirtyHistory | undefined;
let told: FromAgent[];
let asked: { call: string; args: unknown[] }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-agent-"));
  journal = await Journal.open(join(folder, "journal"));
  [told, asked, history] = [[], [], dirty];
  mailboxes = new Mailboxes((error) => {
    throw error;
  });
  const plane = pretendedPlane();
  const machine = { startedAnew: false, noteStart: async () => undefined };
  const log = pino({ level: "silent" });
  const guests = new Guests(journal, plane, log);
  const enqueue = (id: string, task: () => Promise<void>) => mailboxes.put(id, task);
  const tell = (message: FromAgent) => void told.push(message);
  agent = new Agent(
    { plane, journal, guests, log, machine, tell, enqueue },
    {
      name: "alpha",
      instance: "i1",
      agentVersion: "0",
      peerEndpoint: "127.0.0.1:1",
      serviceAddress: "127.0.0.1",
      slots: { outgoing: 1, incoming: 1 },
      backends: [backend],
    },
  );
  const definitions = [{ name: "ram", kind: "memory", config: {} }];
  await journal.append({ entry: "created", guestId, name: "web", definitions });
});

afterEach(async () => {
  await mailboxes.idle();
  await journal[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Writes down what it is asked, and answers what these tests need. */
function pretendedPlane(): PlaneProxy {
  const answers: Record<string, () => unknown> = {
    openOutgoing: () => [peer],
    describe: () => ({ ...peer, pending }),
    dirtyHistory: () => history,
  };
  const get =
    (_: object, call: string) =>
    async (...args: unknown[]) => {
      asked.push({ call, args });
      return answers[call]?.();
    };
  // Only what is asked here needs an answer of the right type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new Proxy({}, { get }) as PlaneProxy;
}

const handover = { migrationId, guestId, epoch: 2 };
const ticket = "t";

test("the source says how its guest is written to, where it knows, when it is described and when it is prepared", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  agent.hear({ type: "request", id: "q1", request: { ask: "describeGuest", guestId } });
  await mailboxes.idle();
  expect(told).toEqual([
    { type: "sourcePrepared", migrationId, guestId, peers: [peer], dirty },
    {
      type: "reply",
      to: "q1",
      ok: true,
      body: { epoch: 1, devices: [], peers: [peer], pending: { ram: pending }, dirty },
    },
  ]);
  history = undefined;
  told = [];
  agent.hear({ type: "prepareSource", ...handover, ticket });
  await mailboxes.idle();
  expect(JSON.parse(JSON.stringify(told))).toEqual([{ type: "sourcePrepared", migrationId, guestId, peers: [peer] }]);
});

test("pace and throttle reach the data plane as often as they are said", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket, bandwidthBytesPerSec: 5e6 });
  agent.hear({ type: "pace", migrationId, guestId, hold: true });
  agent.hear({ type: "pace", migrationId, guestId, bandwidthBytesPerSec: 1e6, hold: false });
  agent.hear({ type: "throttle", migrationId, guestId, share: 0.5 });
  agent.hear({ type: "throttle", migrationId, guestId, share: 0.5 });
  await mailboxes.idle();
  expect(asked.find(({ call }) => call === "openOutgoing")?.args).toMatchObject([
    { migrationId, guestId, capBytesPerSec: 5e6 },
  ]);
  expect(asked.filter(({ call }) => call === "pace" || call === "throttle")).toEqual([
    { call: "pace", args: [migrationId, { capBytesPerSec: undefined, hold: true }] },
    { call: "pace", args: [migrationId, { capBytesPerSec: 1e6, hold: false }] },
    { call: "throttle", args: [migrationId, 0.5] },
    { call: "throttle", args: [migrationId, 0.5] },
  ]);
});
