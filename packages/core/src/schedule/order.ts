import { sortedBy } from "./columns.ts";
import { type Endpoint, type Ledger, topOf } from "./ledger.ts";
import { guaranteeOf } from "./need.ts";
import type { QueuedMove, RunningMove } from "./snapshot.ts";
import { retriesAt } from "./retry.ts";

/** A queued migration with what its place in the queue rests on. */
export interface Entry {
  move: QueuedMove;
  source: Endpoint | undefined;
  destination: Endpoint | undefined;
  /** When the wait began that counts. */
  since: number;
  /** Those asked for within ten minutes are of one generation; what its deadline presses comes before all. */
  generation: number;
  /** What its busier end has to carry altogether, in bytes; and how long that takes, or it alone where that is longer. */
  busiestBytes: number;
  busiestSec: number;
  /** It needs more than what its busier end has left beside full streams. */
  standsAlone: boolean;
}

export const generationMs = 10 * 60_000;
/** Pressed: its deadline leaves it no more than so many times what it takes at its fastest, and this. */
const pressedFactor = 2;
const pressedMs = 60_000;

/**
 * S4: by priority; within it what its deadline presses, then by generations of ten minutes; within one fewer failures first,
 * groups in turn, and of a group's the one with the busiest end first, because the busiest link decides when all is over. On one link
 * those come first that need too much to run beside a full stream, so that later on there are others to fill what streams leave.
 */
export function inOrder(
  queued: readonly QueuedMove[],
  running: readonly RunningMove[],
  ledger: Ledger,
  now: number,
): Entry[] {
  const entries = queued.map((move) => entryOf(move, ledger, now));
  for (const { move, source, destination } of entries) {
    for (const side of [source?.out, destination?.in]) if (side) side.loadBytes += move.memoryBytes;
  }
  for (const entry of entries) weigh(entry, ledger);
  return takeTurns(sortedBy(entries, keys, byId), running);
}

function entryOf(move: QueuedMove, ledger: Ledger, now: number): Entry {
  const source = ledger.endpoints.get(move.sourceId);
  const destination = move.destinationId === undefined ? undefined : ledger.endpoints.get(move.destinationId);
  const since = Math.max(move.askedAt, move.notBefore ?? 0, move.attempts.length === 0 ? 0 : retriesAt(move.attempts));
  const generation = isPressed(move, ledger, source, now) ? -1 : Math.floor(since / generationMs);
  return { move, source, destination, since, generation, busiestBytes: 0, busiestSec: 0, standsAlone: false };
}

function weigh(entry: Entry, ledger: Ledger): void {
  const { move, source, destination } = entry;
  if (source === undefined) return;
  const [out, into] = [source.out, destination?.in ?? source.out];
  const busier = out.loadBytes / out.budget >= into.loadBytes / into.budget ? out : into;
  const top = topOf(ledger, source, destination, move.capBytesPerSec);
  entry.busiestBytes = Math.max(out.loadBytes, into.loadBytes);
  entry.busiestSec = Math.max(busier.loadBytes / busier.budget, move.memoryBytes / top);
  entry.standsAlone = guaranteeOf(move.neededBytesPerSec, top) > besideStreams(busier.budget, ledger.streamBytesPerSec);
}

/** What as many full streams as a link carries leave of it. */
function besideStreams(budget: number, streamBytesPerSec: number): number {
  if (budget === Infinity) return Infinity;
  return streamBytesPerSec < budget ? budget % streamBytesPerSec : 0;
}

function isPressed(move: QueuedMove, ledger: Ledger, source: Endpoint | undefined, now: number): boolean {
  if (move.deadlineAt === undefined) return false;
  const rate = Math.min(source?.out.budget ?? Infinity, ledger.streamBytesPerSec, move.capBytesPerSec ?? Infinity);
  return move.deadlineAt - now <= pressedFactor * (move.memoryBytes / rate) * 1000 + pressedMs;
}

/** Only where groups compete for the same places does it change anything. */
function takeTurns(entries: Entry[], running: readonly RunningMove[]): Entry[] {
  const first = entries[0]?.move.group;
  if (entries.every(({ move }) => move.group === first)) return entries;
  const underWay = new Map<string, number>();
  for (const { group } of running) underWay.set(group, (underWay.get(group) ?? 0) + 1);
  let taken = underWay;
  let before: Entry | undefined;
  // Those that have failed as often, of one priority and generation, lie side by side; how many of a group have gone counts on over failures.
  let turns: Entry[][] = [];
  const blocks = [turns];
  for (const entry of entries) {
    const isOfAnother = before?.move.priority !== entry.move.priority || before.generation !== entry.generation;
    if (isOfAnother) taken = new Map(underWay);
    if (isOfAnother || before?.move.attempts.length !== entry.move.attempts.length) blocks.push((turns = []));
    before = entry;
    const { group } = entry.move;
    const turn = taken.get(group) ?? 0;
    taken.set(group, turn + 1);
    (turns[turn] ??= []).push(entry);
  }
  return blocks.flat(2);
}

const keys: readonly ((entry: Entry) => number)[] = [
  ({ move }) => -move.priority,
  ({ generation }) => generation,
  ({ move }) => move.attempts.length,
  ({ busiestSec }) => -busiestSec,
  ({ busiestBytes }) => -busiestBytes,
  ({ standsAlone }) => (standsAlone ? 0 : 1),
  ({ move }) => -move.memoryBytes,
];

function byId(a: Entry, b: Entry): number {
  return a.move.id < b.move.id ? -1 : 1;
}
