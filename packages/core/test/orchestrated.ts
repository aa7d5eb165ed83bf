import type { MigrationEvent, Send } from "../src/migration/events.ts";
import { type Migration, type Role, isEnded } from "../src/migration/state.ts";
import type { Message } from "./hosts.ts";
import type { judgeClaim } from "../src/handover/claim.ts";
import { rules } from "./rules.ts";

/** What the orchestrator remembers: the migration, and of the guest the highest epoch of which anybody has said that it owns it. */
export interface Orchestrated {
  migration: Migration;
  known: { epoch: number; lost: boolean };
}

export interface Fencing {
  role: Role;
  acceptOlderCopy: boolean;
}

export const fencings: readonly Fencing[] = [
  { role: "source", acceptOlderCopy: false },
  { role: "source", acceptOlderCopy: true },
  { role: "destination", acceptOlderCopy: false },
  { role: "destination", acceptOlderCopy: true },
];

interface Told {
  state: Orchestrated;
  sent: (Message | Send)[];
}

/** As a hello is dealt with: first what it claims, then where its part in the migration stands. */
export function hearsClaim(
  before: Orchestrated,
  event: MigrationEvent & { type: "connected" },
  epoch: number,
): Told & { judgement: ReturnType<typeof judgeClaim> } {
  const judgement = rules.judgeClaim({
    epoch,
    known: before.known,
    mayRun: rules.mayRun(before.migration, event.role),
  });
  const known = judgement === "confirmed" ? { epoch, lost: false } : before.known;
  return { ...isTold({ ...before, known }, event, 0), judgement };
}

export function fencedBy(before: Orchestrated, fencing: Fencing): Told {
  return isTold(before, { type: "fenced", by: "", reason: "", ...fencing }, 0);
}

export function isTold({ migration, known }: Orchestrated, event: MigrationEvent, now: number): Told {
  const { state, effects } = rules.step(migration, event, now);
  return { state: { migration: timeless(state), known: placed(known, migration, state) }, sent: effects };
}

/** With its end a migration says who owns the guest, unless a higher epoch is known. */
function placed(known: Orchestrated["known"], before: Migration, after: Migration): Orchestrated["known"] {
  if (!isEnded(after) || isEnded(before) || after.owner.epoch < known.epoch) return known;
  return { epoch: after.owner.epoch, lost: after.phase === "lost" };
}

/** Every moment is the first one, and what only people read is left out: worlds that differ in nothing else are one. */
function timeless(state: Migration): Migration {
  if (isEnded(state)) return { ...state, askedAt: 0, endedAt: 0, released: undefined, downtimeMs: undefined };
  if (state.phase !== "switchover") throw new Error("The exploration begins with the switchover");
  return { ...state, since: 0, askedAt: 0, cause: undefined, released: undefined, heard: {} };
}

export function keyOfOrchestrated({ migration, known }: Orchestrated): string {
  const accepted = "fenced" in migration ? JSON.stringify(migration.fenced) : "";
  const knows = `${known.epoch} ${known.lost} ${accepted}`;
  if (isEnded(migration)) {
    const { phase, owner, owes } = migration;
    return `${phase} ${owner.role} ${owner.epoch} ${owes.join("+")} ${knows}`;
  }
  if (migration.phase !== "switchover") return migration.phase;
  return `${migration.stage} ${migration.reclaimed} ${knows}`;
}
