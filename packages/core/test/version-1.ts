import type { upgraded } from "../src/migration/upgrade.ts";

/** A migration as version 1 stored it, in every phase and stage: read back from its JSON, so without what was undefined. */
export type StateOfVersion1 = Parameters<typeof upgraded>[0] & { course: Record<string, unknown> } & Record<
    string,
    unknown
  >;

const facts = {
  id: "migration",
  guest: { id: "guest", name: "web" },
  source: { id: "host-a", name: "alpha" },
  destination: { id: "host-b", name: "beta" },
  devices: [{ name: "ram", kind: "memory" }],
  epoch: 1,
  limits: { downtimeLimitMs: 300, deadlineMs: 600_000, bandwidthBytesPerSec: 500_000_000 },
  linkBytesPerSec: 1_000_000_000,
  ticket: "ticket",
  createdAt: 0,
};
const started = { devices: [{ name: "ram", kind: "memory", rounds: 0, sentBytes: 0 }], wireBytes: 0, startedAt: 1_000 };
const moving = {
  devices: [
    {
      name: "ram",
      kind: "memory",
      pending: { initialBytes: 0, precopyBytes: 4_000_000, stopcopyBytes: 0, fixedMs: 0 },
      rounds: 2,
      sentBytes: 9_000_000,
    },
  ],
  wireBytes: 9_000_000,
  bytesPerSec: 900_000_000,
  dirtyBytesPerSec: 2_000_000,
  predicted: { lowMs: 20, midMs: 30, highMs: 40, fixedMs: 10 },
  etaMs: 0,
  startedAt: 1_000,
  precopyAt: 2_000,
};
const verdict = {
  kind: "converging",
  code: "CONVERGING",
  sentence: "4 MB are pending at 900 MB/s; predicted downtime 30 ms, limit 300 ms.",
  inputs: { pendingBytes: 4_000_000, bytesPerSec: 900_000_000 },
};
const convergence = {
  bandwidth: { slices: [], smoothedBytesPerSec: 900_000_000 },
  progress: { dirtyBytesPerSec: 2_000_000, rounds: 2 },
  leastRttMs: 0.2,
  exactAtMs: 900,
  moved: { wireBytes: 9_000_000, atMs: 1_000 },
};
const switching = {
  version: 1 as const,
  facts,
  course: { ...moving, switchoverAt: 3_000 },
  phase: "switchover",
  verdict: { ...verdict, kind: "ready", code: "FITS_LIMIT" },
  verdictSince: 3_000,
  askedAt: 3_000,
  since: 3_000,
  heard: { source: { said: "report", at: 3_000 } },
};
const released = { stoppedMs: 40, rttMs: 1, stoppedBytes: 4_000_000 };
const cause = {
  phase: "failed",
  reason: { code: "SWITCHOVER_BROKEN", sentence: "It broke.", inputs: { host: "beta" } },
};
const ended = {
  version: 1 as const,
  facts,
  course: moving,
  reason: { code: "CANCELLED", sentence: "It was cancelled.", inputs: {} },
  verdict,
  verdictSince: 2_500,
  endedAt: 4_000,
  owner: { role: "source", epoch: 1 },
  owes: ["source", "destination"],
  askedAt: 4_000,
};

export const storedByVersion1: Record<string, StateOfVersion1> = {
  queued: {
    version: 1,
    facts,
    course: { devices: started.devices, wireBytes: 0 },
    phase: "queued",
    waitsFor: { code: "SLOTS_TAKEN", sentence: "It waits.", inputs: { used: 2 } },
  },
  "preflight, source asked": { version: 1, facts, course: started, phase: "preflight", since: 1_000, asked: 1_000 },
  "preflight, destination asked": {
    version: 1,
    facts,
    course: started,
    phase: "preflight",
    since: 1_000,
    asked: 1_500,
    peers: [{ name: "ram", sizeBytes: 9_000_000, backend: { kind: "memory" } }],
  },
  precopy: {
    version: 1,
    facts,
    course: moving,
    phase: "precopy",
    verdict,
    convergence,
    verdictSince: 2_500,
    exact: { sequence: 3, askedAt: 2_900, open: true },
    heardAt: 2_950,
  },
  freezing: { ...switching, stage: "freezing" },
  refusing: { ...switching, stage: "refusing", cause },
  granting: { ...switching, stage: "granting", released },
  reclaiming: { ...switching, stage: "reclaiming", released, cause },
  completed: {
    ...ended,
    phase: "completed",
    released,
    startedMs: 5,
    downtimeMs: 45.5,
    owner: { role: "destination", epoch: 2 },
    owes: ["source"],
  },
  aborted: { ...ended, phase: "aborted" },
  failed: { ...ended, phase: "failed" },
};
