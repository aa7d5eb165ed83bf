import type { ScheduleDecision } from "../decision.ts";
import { plan } from "../plan.ts";
import type { FleetHost, FleetSnapshot, QueuedMove, RunningMove } from "../snapshot.ts";

export const now = 1_000_000_000;

export function host(id: string, over: Partial<FleetHost> = {}): FleetHost {
  return {
    id,
    name: `host-${id}`,
    connected: true,
    paused: false,
    cordoned: false,
    slots: { preparing: 4, outgoing: 2, incoming: 2 },
    link: { outBytesPerSec: 1000, inBytesPerSec: 1000 },
    freeBytes: 1_000_000,
    keepsApart: [],
    ...over,
  };
}

/** From one host to another, of 10 kB, needing little: what differs is given. */
export function queued(
  id: string,
  sourceId: string,
  destinationId: string | undefined,
  over: Partial<QueuedMove> = {},
): QueuedMove {
  return {
    ...move(id, sourceId),
    destinationId,
    placement: "spread",
    askedAt: now,
    notBefore: undefined,
    deadlineAt: undefined,
    downtimeLimitMs: 300,
    facts: "",
    attempts: [],
    blocked: undefined,
    ...over,
  };
}

export function running(
  id: string,
  sourceId: string,
  destinationId: string,
  over: Partial<RunningMove> = {},
): RunningMove {
  return {
    ...move(id, sourceId),
    destinationId,
    stage: "moving",
    startedAt: now - 1000,
    leftBytes: 10_000,
    guaranteedBytesPerSec: 100,
    ...over,
  };
}

function move(id: string, sourceId: string) {
  return {
    id,
    guestId: `guest-${id}`,
    sourceId,
    priority: 500,
    group: "ada",
    memoryBytes: 10_000,
    neededBytesPerSec: 80 as number | undefined,
    capBytesPerSec: undefined,
    windows: [],
    keepApart: undefined,
  };
}

export function fleet(over: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return {
    cluster: {
      paused: false,
      limits: { preparing: 100, moving: 100 },
      bytesPerSec: undefined,
      streamBytesPerSec: undefined,
    },
    hosts: [host("a"), host("b"), host("c")],
    running: [],
    queued: [],
    ...over,
  };
}

export function decisions(over: Partial<FleetSnapshot>, at = now): ScheduleDecision[] {
  return plan(fleet(over), at);
}

/** "m1 admit, m2 wait": of the queued ones, in the order of the queue. */
export function kinds(all: ScheduleDecision[]): string {
  return all
    .filter(({ kind }) => ["admit", "wait", "refuse"].includes(kind))
    .map(({ migrationId, kind }) => `${migrationId} ${kind}`)
    .join(", ");
}

/** The code of the reason that one migration was given, of the last decision on it. */
export function codeOf(all: ScheduleDecision[], id: string): string | undefined {
  const of = all.findLast(({ migrationId }) => migrationId === id);
  if (of === undefined) return undefined;
  return of.kind === "wait" ? of.waitsFor.code : of.because.code;
}

export function sentenceOf(all: ScheduleDecision[], id: string): string | undefined {
  const of = all.findLast(({ migrationId }) => migrationId === id);
  if (of === undefined) return undefined;
  return of.kind === "wait" ? of.waitsFor.sentence : of.because.sentence;
}

export function sharesOf(all: ScheduleDecision[]): Record<string, number | undefined> {
  return Object.fromEntries(
    all.flatMap((each) => (each.kind === "share" ? [[each.migrationId, each.bytesPerSec] as const] : [])),
  );
}
