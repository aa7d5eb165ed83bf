import type { FromAgent } from "@godwit/contract";
import { considerationAtStart, type Limits, type Precopy, queued } from "@godwit/core";

export type Report = Extract<FromAgent, { type: "report" }>;

const limits: Limits = { downtimeLimitMs: 300, deadlineMs: 600_000, patience: "normal", ladder: [], hold: false };

/** A migration of one memory device whose precopy began a second after its admission. */
export function precopyOf(migrationId: string, changed: Partial<Limits> = {}): Precopy {
  const facts = {
    id: migrationId,
    guest: { id: "guest", name: "web" },
    source: { id: "host-a", name: "alpha" },
    destination: { id: "host-b", name: "beta" },
    devices: [{ name: "ram", kind: "memory" }],
    epoch: 1,
    linkBytesPerSec: 1_000_000_000,
    ticket: "ticket",
    createdAt: 0,
  };
  const { version, course } = queued(facts, limits);
  return {
    version,
    facts,
    limits: { ...limits, ...changed },
    course: { ...course, startedAt: 0, precopyAt: 1_000 },
    phase: "precopy",
    consideration: considerationAtStart,
    canThrottle: false,
    pace: { hold: false },
    verdict: { kind: "unknown", code: "MEASURING", sentence: "No figures have come yet.", inputs: {}, thresholds: {} },
    verdictSince: 0,
    exact: { sequence: 1, askedAt: 0, open: true },
    heardAt: 0,
  };
}

/** So many bytes left to send of 8 GB, and so many sent. */
export function reportOf(
  migrationId: string,
  { atMs, left, sent, exact }: { atMs: number; left: number; sent: number; exact?: number },
): Report {
  const pending = { initialBytes: 0, precopyBytes: left, stopcopyBytes: 0, fixedMs: 5 };
  return {
    type: "report",
    migrationId,
    guestId: "guest",
    atMs,
    wireBytes: sent,
    busyMs: atMs,
    rttMs: 0.5,
    devices: [{ name: "ram", pending, rounds: 0, sentBytes: sent }],
    ...(exact === undefined ? {} : { exact, exactMs: 2.5 }),
  };
}
