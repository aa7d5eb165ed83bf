import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirtyHistory, FromAgent } from "@godwit/contract";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Agent } from "./agent.ts";
import type { PlaneProxy } from "./attempts/parts.ts";
import { Guests } from "./guests.ts";
import type { Machine } from "./machine.ts";
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
let machine: Machine;
let keeps: boolean;
let lost: string | undefined;
let refused: string[];
let history: DirtyHistory | undefined;
let told: FromAgent[];
let asked: { call: string; args: unknown[] }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-agent-"));
  journal = await Journal.open(join(folder, "journal"));
  [told, asked, history, keeps, lost, refused] = [[], [], dirty, true, undefined, []];
  mailboxes = new Mailboxes((error) => {
    throw error;
  });
  const plane = pretendedPlane();
  machine = { startedAnew: false, noteStart: async () => undefined };
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
    attach: () => ({ name: "ram", kind: "memory", sizeBytes: 4096 }),
    keeps: () => keeps,
    whyLost: () => lost,
    startKept: () => ({ statuses: [] }),
    describe: () => ({ ...peer, pending }),
    dirtyHistory: () => history,
  };
  const get =
    (_: object, call: string) =>
    async (...args: unknown[]) => {
      asked.push({ call, args });
      if (refused.includes(call)) throw new Error(`there is no ${call}`);
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

test("H9, H11: what is of another epoch is answered as rejected, changes nothing, and is no longer a secret", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  await mailboxes.idle();
  told = [];
  agent.hear({ type: "freeze", ...handover, epoch: 3 });
  agent.hear({ type: "refuse", ...handover, epoch: 1 });
  agent.hear({ type: "revoke", ...handover });
  await mailboxes.idle();
  expect(
    told.map((message) => (message.type === "rejected" ? [message.said, message.epoch, message.code] : message)),
  ).toEqual([
    ["freeze", 3, "stale-epoch"],
    ["refuse", 1, "stale-epoch"],
    ["revoke", 2, "not-its-part"],
  ]);
  expect(asked.some(({ call }) => call === "freeze")).toBe(false);
  expect(journal.parts.get(guestId)?.part).toEqual({ as: "owner", epoch: 1 });
});

test("H4, H11: a grant of another epoch on a channel starts nothing, and a flood of them is told of once", async () => {
  const lone = { migrationId: "m2", guestId: "g2" };
  const reserved = { ...lone, name: "other", devices: [], peers: [], sourceEndpoint: "127.0.0.1:1" };
  agent.hear({ type: "prepareDestination", ...reserved, epoch: 2, ticket });
  await mailboxes.idle();
  agent.news("m2", async (attempt) => {
    if (attempt.role === "destination") await attempt.handle({ type: "loaded" });
  });
  await mailboxes.idle();
  told = [];
  for (const epoch of [3, 1, 7, 0, -1, 3]) agent.granted("m2", epoch);
  await mailboxes.idle();
  expect(told).toMatchObject([{ type: "rejected", ...lone, said: "grant", epoch: 3, code: "stale-epoch" }]);
  expect(asked.some(({ call }) => call === "start")).toBe(false);
  expect(journal.parts.get("g2")?.part.as).toBe("reserved");
});

const welcome = { type: "welcome", hostId: "h1", reportEveryMs: 100 } as const;
const attached = () => asked.some(({ call }) => call === "attach");

test("H8: a guest of a machine that was started anew runs only once it is confirmed, also after another restart of the agent", async () => {
  let noted = 0;
  Object.assign(machine, { startedAnew: true, noteStart: async () => void (noted += 1) });
  await agent.recover();
  expect([attached(), noted, journal.parts.get(guestId)?.held]).toEqual([false, 1, true]);
  expect(agent.hello(0).guests).toMatchObject([{ guestId, epoch: 1, state: "stopped" }]);
  Object.assign(machine, { startedAnew: false });
  await agent.recover();
  agent.hear({ ...welcome, confirmed: ["another"] });
  await mailboxes.idle();
  expect([attached(), journal.parts.get(guestId)?.held]).toEqual([false, true]);
  agent.hear({ ...welcome, confirmed: [guestId] });
  await mailboxes.idle();
  expect([attached(), journal.parts.get(guestId)?.held]).toEqual([true, undefined]);
  expect(told).toMatchObject([{ type: "guests", guests: [{ guestId, state: "running" }] }]);
});

test("a guest that can be neither found nor looked at stays stopped, and keeps no other from being taken up again", async () => {
  const definitions = [{ name: "ram", kind: "unknown", config: {} }];
  await journal.append({ entry: "created", guestId: "g2", name: "second", definitions });
  refused = ["attach", "whyLost"];
  await agent.recover();
  expect(agent.hello(0).guests).toMatchObject([
    { guestId, state: "stopped" },
    { guestId: "g2", state: "stopped" },
  ]);
  expect(asked.filter(({ call }) => call === "attach")).toHaveLength(2);
});

test("H8: a copy of a guest that is owned elsewhere at a higher epoch goes, with what moves it; one of the same or a higher epoch stays", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  agent.hear({ type: "disown", guestId, epoch: 1 });
  await mailboxes.idle();
  expect(journal.parts.get(guestId)?.part).toEqual({ as: "owner", epoch: 1 });
  agent.hear({ type: "disown", guestId, epoch: 4 });
  agent.hear({ type: "disown", guestId, epoch: 4 });
  await mailboxes.idle();
  expect(journal.parts.has(guestId)).toBe(false);
  expect(asked.filter(({ call }) => call === "commitOutgoing" || call === "dropLeftovers")).toMatchObject([
    { call: "commitOutgoing", args: [migrationId] },
    { call: "dropLeftovers" },
  ]);
  expect(agent.hello(0)).toMatchObject({ guests: [], attempts: [] });
});

const lone = { migrationId: "m2", guestId: "g2" };
const regrant = { type: "regrant", ...lone, epoch: 4 } as const;

async function reservedAndLoaded(): Promise<void> {
  const reserved = { ...lone, name: "other", devices: [], peers: [], sourceEndpoint: "127.0.0.1:1" };
  agent.hear({ type: "prepareDestination", ...reserved, epoch: 2, ticket });
  await mailboxes.idle();
  agent.news("m2", async (attempt) => {
    if (attempt.role === "destination") await attempt.handle({ type: "loaded" });
  });
  await mailboxes.idle();
  told = [];
}

test("H8: on a regrant a destination runs what it has loaded, and says so however often it is asked", async () => {
  await reservedAndLoaded();
  agent.hear({ type: "revoke", ...lone, epoch: 2 });
  agent.hear(regrant);
  agent.hear(regrant);
  await mailboxes.idle();
  expect(journal.parts.get("g2")?.part).toEqual({ as: "owner", epoch: 4 });
  expect(told).toMatchObject([
    { type: "revoked", ...lone, epoch: 2, whole: true },
    { type: "running", ...lone, epoch: 4 },
    { type: "running", ...lone, epoch: 4 },
  ]);
});

test("H8: what is not there any more is not whole, and without a part in the guest there is nothing to run", async () => {
  await reservedAndLoaded();
  keeps = false;
  agent.hear({ type: "revoke", ...lone, epoch: 2 });
  agent.hear(regrant);
  await mailboxes.idle();
  expect(told).toMatchObject([
    { type: "broken", role: "destination", code: "gone" },
    { type: "revoked", ...lone, epoch: 2, whole: false },
    { type: "empty", ...lone, epoch: 4 },
  ]);
  told = [];
  agent.hear({ ...regrant, migrationId: "m3", guestId: "g3" });
  await mailboxes.idle();
  expect(told).toMatchObject([{ type: "empty", migrationId: "m3", guestId: "g3", epoch: 4 }]);
});

test("H8: a source that has nothing left says so and writes nothing down, be it asked to keep the guest or to take it back", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  agent.hear({ type: "freeze", ...handover });
  await mailboxes.idle();
  [told, lost] = [[], "its process has ended"];
  agent.hear({ type: "refuse", ...handover });
  await mailboxes.idle();
  expect(told).toEqual([{ type: "spent", ...handover, exact: false, detail: "its process has ended" }]);
  expect(journal.parts.get(guestId)?.part).toEqual({ as: "owner", epoch: 1 });
  agent.news(migrationId, async (attempt) => {
    if (attempt.role !== "source") return;
    await attempt.handle({ type: "stopped" });
    await attempt.handle({ type: "loaded" });
  });
  await mailboxes.idle();
  told = [];
  agent.hear({ type: "reclaim", ...handover, epoch: 3 });
  await mailboxes.idle();
  expect(told).toEqual([{ type: "spent", ...handover, epoch: 3, exact: true, detail: "its process has ended" }]);
  expect(journal.parts.get(guestId)?.part).toMatchObject({ as: "released", epoch: 2 });
  lost = undefined;
  agent.hear({ type: "reclaim", ...handover, epoch: 3 });
  await mailboxes.idle();
  expect(told.at(-1)).toMatchObject({ type: "reclaimed", epoch: 3 });
});

test("M17: a guest that is lost before its stop is said to be, with what has ended, and said again when rounds are asked for", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  await mailboxes.idle();
  [told, lost] = [[], "its process has ended"];
  agent.lost(guestId, "QEMU has ended");
  agent.lost(guestId, "virtiofsd has followed");
  await mailboxes.idle();
  const spent = { type: "spent", ...handover, exact: false, detail: lost };
  const standing = { type: "guests", guests: [{ guestId, state: "stopped", lost: "QEMU has ended" }] };
  expect(told).toMatchObject([standing, spent, standing, spent]);
  told = [];
  agent.hear({ type: "precopy", migrationId, guestId });
  await mailboxes.idle();
  expect(told).toMatchObject([spent]);
  expect(agent.hello(0).guests).toMatchObject([{ guestId, state: "stopped", lost: "QEMU has ended" }]);
});

test("M18: what the other side has said of itself is passed on as such, and only where all is here still", async () => {
  agent.hear({ type: "prepareSource", ...handover, ticket });
  await mailboxes.idle();
  told = [];
  agent.news(migrationId, async (attempt) => {
    await attempt.failed({ code: "gone", detail: "QEMU has ended", ofPeer: true });
  });
  await mailboxes.idle();
  expect(told).toEqual([
    { type: "broken", migrationId, guestId, role: "source", code: "gone", detail: "QEMU has ended", ofPeer: true },
  ]);
  [told, lost] = [[], "its process has ended"];
  agent.hear({ type: "precopy", migrationId, guestId });
  await mailboxes.idle();
  expect(told).toEqual([{ type: "spent", ...handover, exact: false, detail: lost }]);
});
