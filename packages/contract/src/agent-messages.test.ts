import { expect, test } from "vitest";
import type { z } from "zod";
import { agentAnswers, AgentRequest, FromAgent, ToAgent } from "./agent-messages.ts";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const of = { migrationId: id, guestId: id };
const handover = { ...of, epoch: 2 };
const failure = { code: "no-room", detail: "It has no room." };
const devices = [{ name: "ram", kind: "memory", config: { sizeBytes: 1 } }];
const backend = {
  kind: "memory",
  version: "1",
  format: { writes: 1, reads: [1] },
  features: [],
  can: { precopy: true },
};
const peers = [{ name: "ram", backend, sizeBytes: 4096 }];
const pending = { initialBytes: 0, precopyBytes: 4096, stopcopyBytes: 0, fixedMs: 1.5 };
const ownFigures = { saveMs: 2.5, bytesPerSec: 1.5e9, mayShrink: true };
const dirty = { everyMs: 10_000, bytesPerSec: [0, 1.5e6], curve: [{ overMs: 250.5, bytes: 4096 }] };
const status = { name: "ram", kind: "memory", sizeBytes: 4096, endpoint: "127.0.0.1:7001" };

const requests: AgentRequest[] = [
  { ask: "createGuest", guestId: id, name: "web", devices },
  { ask: "removeGuest", guestId: id },
  { ask: "describeGuest", guestId: id },
  { ask: "checkGuest", guestId: id, name: "web", devices, peers },
  { ask: "inspectSave", guestId: id, folder: "/saves/web" },
];

const toAgent: ToAgent[] = [
  { type: "welcome", hostId: id, reportEveryMs: 100, confirmed: [id] },
  ...requests.map((request): ToAgent => ({ type: "request", id, request })),
  { type: "prepareSource", ...handover, ticket: "t", bandwidthBytesPerSec: 1e9 },
  {
    type: "prepareDestination",
    ...handover,
    name: "web",
    devices,
    peers,
    ticket: "t",
    sourceEndpoint: "127.0.0.1:7000",
  },
  { type: "prepareSave", ...handover, folder: "/saves/web" },
  {
    type: "prepareRestore",
    ...handover,
    name: "web",
    devices,
    folder: "/saves/web",
    saveId: id,
    ofAnother: true,
  },
  { type: "precopy", ...of },
  { type: "exact", ...of, sequence: 1 },
  { type: "pace", ...of, bandwidthBytesPerSec: 1e6, hold: false },
  { type: "pace", ...of, hold: true },
  { type: "throttle", ...of, share: 0.5 },
  { type: "disown", guestId: id, epoch: 7 },
  ...(["freeze", "refuse", "grant", "revoke", "reclaim", "regrant", "discard"] as const).map((type): ToAgent => ({
    type,
    ...handover,
  })),
  { type: "freeze", ...handover, limitMs: 15_000, bandwidthBytesPerSec: 1e6 },
  { type: "abort", ...of },
];

const fromAgent: FromAgent[] = [
  {
    type: "hello",
    name: "alpha",
    instance: id,
    agentVersion: "0.1.0",
    peerEndpoint: "127.0.0.1:7000",
    serviceAddress: "127.0.0.1",
    slots: { outgoing: 2, incoming: 2 },
    linkBytesPerSec: 1e9,
    freeBytes: 1,
    backends: [backend],
    guests: [{ guestId: id, name: "web", epoch: 1, state: "running", definitions: devices, devices: [status] }],
    attempts: [
      { role: "source", ...handover, at: "frozen" },
      { role: "destination", ...handover, at: "loaded" },
    ],
  },
  {
    type: "guests",
    guests: [{ guestId: id, name: "calm", epoch: 1, state: "running", definitions: [], devices: [] }],
  },
  { type: "memory", freeBytes: 4096 },
  { type: "reply", to: id, ok: true, body: { devices: [] } },
  { type: "refusal", to: id, ...failure, fix: "Make room.", device: "ram" },
  { type: "sourcePrepared", ...of, peers, dirty },
  { type: "destinationPrepared", ...of },
  { type: "declined", ...of, role: "destination", ...failure },
  {
    type: "report",
    ...of,
    atMs: 1.25,
    wireBytes: 4096,
    busyMs: 0.5,
    rttMs: 0.1,
    devices: [{ name: "ram", pending: { ...pending, ...ownFigures }, rounds: 1, sentBytes: 4096 }],
    exact: 1,
    exactMs: 0.75,
  },
  { type: "broken", ...of, role: "source", ...failure },
  { type: "frozen", ...handover },
  { type: "loaded", ...handover },
  {
    type: "released",
    ...handover,
    stoppedMs: 40.5,
    rttMs: 0.1,
    stoppedBytes: 4096,
    devices: [{ name: "ram", stopMs: 1 }],
  },
  {
    type: "running",
    ...handover,
    startedMs: 5,
    devices: [{ name: "ram", loadMs: 1, digest: "ab" }],
    statuses: [status],
  },
  { type: "refused", ...handover, ...failure },
  { type: "misplaced", ...handover, code: "folder-exists", detail: "Something else has taken the name." },
  { type: "revoked", ...handover, whole: true, ...failure },
  { type: "empty", ...handover },
  { type: "spent", ...handover, exact: true },
  { type: "reclaimed", ...handover },
  { type: "discarded", ...handover },
  { type: "aborted", ...of, role: "source" },
  { type: "rejected", ...handover, said: "freeze", code: "stale-epoch", detail: "its journal says owner at epoch 3" },
];

function roundTrip(schema: z.ZodType, message: unknown): unknown {
  return schema.parse(JSON.parse(JSON.stringify(message)));
}

test("every message comes out of JSON and its schema as it went in, and none is left out here", () => {
  for (const message of toAgent) expect(roundTrip(ToAgent, message)).toEqual(message);
  for (const message of fromAgent) expect(roundTrip(FromAgent, message)).toEqual(message);
  expect(new Set(toAgent.map(({ type }) => type))).toEqual(
    new Set(ToAgent.options.map((each) => each.shape.type.value)),
  );
  expect(new Set(fromAgent.map(({ type }) => type))).toEqual(
    new Set(FromAgent.options.map((each) => each.shape.type.value)),
  );
  expect(new Set(requests.map(({ ask }) => ask))).toEqual(
    new Set(AgentRequest.options.map((each) => each.shape.ask.value)),
  );
});

test("every question has the shape of its answer", () => {
  expect(Object.keys(agentAnswers).toSorted()).toEqual(requests.map(({ ask }) => ask).toSorted());
});

test("what is told of a guest may leave out how it is written to, and keeps it where it is there", () => {
  const described = { epoch: 1, devices: [status], peers, pending: { ram: pending } };
  for (const body of [described, { ...described, dirty }])
    expect(roundTrip(agentAnswers.describeGuest, body)).toEqual(body);
  const prepared: FromAgent = { type: "sourcePrepared", ...of, peers };
  expect(roundTrip(FromAgent, prepared)).toEqual(prepared);
});

test("a history is bounded: 60 rates and a curve of 8 points are the most", () => {
  const [rate, point] = [1e6, { overMs: 250, bytes: 4096 }];
  const told = (rates: number, points: number) =>
    FromAgent.safeParse({
      type: "sourcePrepared",
      ...of,
      peers,
      dirty: { everyMs: 10_000, bytesPerSec: Array(rates).fill(rate), curve: Array(points).fill(point) },
    }).success;
  expect([told(60, 8), told(61, 8), told(60, 9)]).toEqual([true, false, false]);
});

test("a pace says whether it holds, and no cap is 0; a throttle leaves a guest at least a hundredth of its speed", () => {
  for (const wrong of [
    { type: "pace", ...of },
    { type: "pace", ...of, bandwidthBytesPerSec: 0, hold: false },
    { type: "throttle", ...of },
    { type: "throttle", ...of, share: 1 },
    { type: "throttle", ...of, share: -0.1 },
  ])
    expect(ToAgent.safeParse(wrong).success).toBe(false);
});

test("H9: no message of the handover comes without its epoch", () => {
  for (const type of ["freeze", "refuse", "grant", "revoke", "reclaim", "regrant", "discard"])
    expect(ToAgent.safeParse({ type, ...of }).success).toBe(false);
  for (const type of ["frozen", "loaded", "reclaimed", "discarded", "empty", "spent"])
    expect(FromAgent.safeParse({ type, ...of }).success).toBe(false);
});

test("figures that no back end can mean are refused: fractions of bytes, negative ones and those beyond 2^53-1", () => {
  for (const precopyBytes of [0.5, -1, 2 ** 53]) {
    const report = {
      type: "report",
      ...of,
      atMs: 1,
      wireBytes: 0,
      busyMs: 0,
      devices: [{ name: "ram", pending: { ...pending, precopyBytes }, rounds: 0, sentBytes: 0 }],
    };
    expect(FromAgent.safeParse(report).success).toBe(false);
  }
});
