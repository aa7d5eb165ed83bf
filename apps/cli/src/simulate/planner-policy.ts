import { bandwidthNeeded, type FleetHost, planSchedule, type QueuedMove, type RunningMove } from "@godwit/core";
import {
  type Fleet,
  type FleetPlan,
  type FleetPolicy,
  type FleetShare,
  type FleetView,
  writtenBytes,
} from "@godwit/sim";

/** Counts that never bind: links are what limits. */
const slots = { preparing: 1_000_000, outgoing: 1_000_000, incoming: 1_000_000 };
/** What is reserved of a path is expected a little lower than it is, since links are not steady. */
const reservedShare = 0.95;

/** The planner of the orchestrator as a policy of the simulation: it is told what it would be told, and what it decides is done. */
export function plannerPolicy(fleet: Fleet): FleetPolicy {
  const moves = fleet.guests.map((_, index) => moveOf(fleet, index));
  const guaranteed = new Map<number, number>();
  const places = new Map(fleet.hosts.map(({ id }, index) => [id, index]));
  return {
    patience: { secPerGiB: 150, atPlateau: true },
    plan(view) {
      const decisions = planSchedule(
        {
          cluster: {
            paused: false,
            limits: { preparing: slots.preparing, moving: slots.outgoing },
            bytesPerSec: finite(fleet.clusterBytesPerSec),
            streamBytesPerSec: finite(fleet.streamBytesPerSec),
          },
          hosts: fleet.hosts.map((_, index) => hostOf(view, index)),
          running: runningMoves(view, moves, guaranteed),
          queued: view.waiting.flatMap((index) => moves[index] ?? []),
        },
        view.atMs,
      );
      const shares = new Map<number, FleetShare>();
      const plan: FleetPlan = { starts: [], refusals: [], shares };
      for (const decision of decisions) {
        const guest = Number(decision.migrationId);
        if (decision.kind === "refuse") plan.refusals.push({ guest, reason: decision.because.code });
        if (decision.kind === "share") {
          const { bytesPerSec = fleet.streamBytesPerSec, reservedBytesPerSec = bytesPerSec } = decision;
          shares.set(guest, { bytesPerSec, reservedBytesPerSec: reservedShare * reservedBytesPerSec });
        }
        if (decision.kind === "admit") {
          const { destinationId, bytesPerSec = fleet.streamBytesPerSec } = decision;
          plan.starts.push({ guest, destination: places.get(destinationId) ?? -1 });
          guaranteed.set(guest, decision.guaranteedBytesPerSec);
          shares.set(guest, { bytesPerSec, reservedBytesPerSec: 0 });
        }
      }
      return plan;
    },
  };
}

function hostOf({ fleet, freeBytes }: FleetView, index: number): FleetHost {
  const { id = "", outBytesPerSec = 0, inBytesPerSec = 0, drained = false } = fleet.hosts[index] ?? {};
  return {
    id,
    name: id,
    connected: true,
    paused: false,
    cordoned: drained,
    slots,
    link: { outBytesPerSec: finite(outBytesPerSec), inBytesPerSec: finite(inBytesPerSec) },
    freeBytes: freeBytes[index] ?? 0,
    keepsApart: [],
  };
}

function moveOf({ hosts, guests }: Fleet, index: number): QueuedMove {
  const guest = guests[index];
  if (guest === undefined) throw new Error(`there is no guest ${index}`);
  const { id, source, destination, ramBytes, limitMs, fixedMs, stopcopyBytes, knownWrites } = guest;
  const needed = () =>
    bandwidthNeeded({
      writtenBytes: (ms) => writtenBytes(guest, ms / 1000, knownWrites),
      stopcopyBytes,
      downtimeLimitMs: limitMs,
      fixedMs,
    });
  return {
    id: String(index),
    guestId: id,
    sourceId: hosts[source]?.id ?? "",
    destinationId: destination === undefined ? undefined : hosts[destination]?.id,
    placement: "spread",
    priority: 500,
    group: "all",
    memoryBytes: ramBytes,
    neededBytesPerSec: knownWrites === undefined ? undefined : needed(),
    capBytesPerSec: undefined,
    windows: [],
    keepApart: undefined,
    askedAt: 0,
    notBefore: undefined,
    deadlineAt: undefined,
    downtimeLimitMs: limitMs,
    facts: "",
    attempts: [],
    blocked: undefined,
  };
}

function runningMoves(
  { fleet, running }: FleetView,
  moves: readonly QueuedMove[],
  guaranteed: ReadonlyMap<number, number>,
): RunningMove[] {
  return running.flatMap(({ index, destination, stage, startedAtSec, leftBytes }) => {
    const move = moves[index];
    if (move === undefined) return [];
    const { id, guestId, sourceId, priority, group, memoryBytes, neededBytesPerSec } = move;
    return {
      id,
      guestId,
      sourceId,
      destinationId: fleet.hosts[destination]?.id ?? "",
      priority,
      group,
      memoryBytes,
      neededBytesPerSec,
      capBytesPerSec: undefined,
      windows: [],
      keepApart: undefined,
      stage,
      startedAt: Math.round(startedAtSec * 1000),
      leftBytes,
      guaranteedBytesPerSec: guaranteed.get(index) ?? 0,
    };
  });
}

function finite(value: number): number | undefined {
  return value === Infinity ? undefined : value;
}
