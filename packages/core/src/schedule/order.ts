import { rank, sortedPlaces } from "./columns.ts";
import { type Endpoint, type Ledger, topOf } from "./ledger.ts";
import { guaranteeOf } from "./need.ts";
import type { QueuedMove, RunningMove } from "./snapshot.ts";
import { retriesAt } from "./retry.ts";

/** A queued migration in its place. */
export interface Entry {
  /** 0 for the first. */
  place: number;
  move: QueuedMove;
  source: Endpoint | undefined;
  destination: Endpoint | undefined;
  /** When the wait began that counts. */
  since: number;
  /** Those asked for within ten minutes are of one generation; what its deadline presses comes before all. */
  generation: number;
}

/** What the places of all rest on, by the place in which they were listed. */
interface Columns {
  sources: (Endpoint | undefined)[];
  destinations: (Endpoint | undefined)[];
  since: Float64Array;
  generation: Float64Array;
  priority: Float64Array;
  failures: Float64Array;
  memoryBytes: Float64Array;
  /** NaN where it is not known. */
  neededBytesPerSec: Float64Array;
  capBytesPerSec: Float64Array;
  /** The number of its group, and how many of each there are under way. */
  group: Uint32Array;
  underWay: Uint32Array;
}

interface Weights {
  /** What its busier end has to carry altogether, in bytes; and how long that takes, or it alone where that is longer. */
  busiestBytes: Float64Array;
  busiestSec: Float64Array;
  /** 1 where it needs more than what its busier end has left beside full streams. */
  standsAlone: Float64Array;
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
  const columns = columnsOf(queued, running, ledger, now);
  const places = takeTurns(sorted(queued, columns, weighed(columns, ledger)), columns);
  const { sources, destinations, since, generation } = columns;
  const entries: Entry[] = [];
  for (const place of places) {
    const move = queued[place];
    if (move === undefined) continue;
    entries.push({
      place: entries.length,
      move,
      source: sources[place],
      destination: destinations[place],
      since: since[place] ?? 0,
      generation: generation[place] ?? 0,
    });
  }
  return entries;
}

/** One pass over what is listed, in the order in which it lies in memory: afterwards none of it is looked up before its turn. */
function columnsOf(
  queued: readonly QueuedMove[],
  running: readonly RunningMove[],
  ledger: Ledger,
  now: number,
): Columns {
  const column = () => new Float64Array(queued.length);
  const columns = {
    sources: Array.from<Endpoint | undefined>({ length: queued.length }),
    destinations: Array.from<Endpoint | undefined>({ length: queued.length }),
    since: column(),
    generation: column(),
    priority: column(),
    failures: column(),
    memoryBytes: column(),
    neededBytesPerSec: column(),
    capBytesPerSec: column(),
    group: new Uint32Array(queued.length),
  };
  const groups = new Map<string, number>();
  for (const [place, move] of queued.entries()) {
    const source = ledger.endpoints.get(move.sourceId);
    const destination = move.destinationId === undefined ? undefined : ledger.endpoints.get(move.destinationId);
    const { attempts, memoryBytes } = move;
    const since = Math.max(move.askedAt, move.notBefore ?? 0, attempts.length === 0 ? 0 : retriesAt(attempts));
    columns.sources[place] = source;
    columns.destinations[place] = destination;
    columns.since[place] = since;
    columns.generation[place] = isPressed(move, ledger, source, now) ? -1 : Math.floor(since / generationMs);
    columns.priority[place] = move.priority;
    columns.failures[place] = attempts.length;
    columns.memoryBytes[place] = memoryBytes;
    columns.neededBytesPerSec[place] = move.neededBytesPerSec ?? Number.NaN;
    columns.capBytesPerSec[place] = move.capBytesPerSec ?? Infinity;
    columns.group[place] = numberOf(move.group, groups);
    if (source !== undefined) source.out.loadBytes += memoryBytes;
    if (destination !== undefined) destination.in.loadBytes += memoryBytes;
  }
  const moving = running.map(({ group }) => numberOf(group, groups));
  const underWay = new Uint32Array(groups.size);
  for (const group of moving) underWay[group] = (underWay[group] ?? 0) + 1;
  return { ...columns, underWay };
}

function numberOf(group: string, groups: Map<string, number>): number {
  const known = groups.get(group);
  if (known !== undefined) return known;
  groups.set(group, groups.size);
  return groups.size - 1;
}

/** Once it is known what each link has to carry. */
function weighed(columns: Columns, ledger: Ledger): Weights {
  const { sources, destinations } = columns;
  const column = () => new Float64Array(sources.length);
  const weights = { busiestBytes: column(), busiestSec: column(), standsAlone: column() };
  for (const [place, source] of sources.entries()) {
    if (source === undefined) continue;
    const destination = destinations[place];
    const [memoryBytes = 0, needed = 0, cap] = [
      columns.memoryBytes[place],
      columns.neededBytesPerSec[place],
      columns.capBytesPerSec[place],
    ];
    const [out, into] = [source.out, destination?.in ?? source.out];
    const busier = out.loadBytes / out.budget >= into.loadBytes / into.budget ? out : into;
    const top = topOf(ledger, source, destination, cap);
    weights.busiestBytes[place] = Math.max(out.loadBytes, into.loadBytes);
    weights.busiestSec[place] = Math.max(busier.loadBytes / busier.budget, memoryBytes / top);
    const guarantee = guaranteeOf(Number.isNaN(needed) ? undefined : needed, top);
    weights.standsAlone[place] = guarantee > besideStreams(busier.budget, ledger.streamBytesPerSec) ? 1 : 0;
  }
  return weights;
}

function sorted(queued: readonly QueuedMove[], columns: Columns, weights: Weights): Uint32Array {
  const { priority, generation, failures, memoryBytes } = columns;
  const { busiestSec, busiestBytes, standsAlone } = weights;
  const most = (column: Float64Array) => column.map((value) => -value);
  const keys = [
    most(priority),
    generation,
    failures,
    most(busiestSec),
    most(busiestBytes),
    most(standsAlone),
    most(memoryBytes),
  ];
  return sortedPlaces(queued.length, keys, (a, b) => ((queued[a]?.id ?? "") < (queued[b]?.id ?? "") ? -1 : 1));
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

/** Those that have failed as often, of one priority and generation, lie side by side; how many of a group have gone counts on over failures. */
function takeTurns(places: Uint32Array, { priority, generation, failures, group, underWay }: Columns): Uint32Array {
  const turns = new Uint32Array(places.length);
  let taken = underWay;
  let [from, before] = [0, -1];
  for (const [at, place] of places.entries()) {
    const isOfAnother = priority[place] !== priority[before] || generation[place] !== generation[before];
    if (isOfAnother) taken = underWay.slice();
    if (isOfAnother || failures[place] !== failures[before]) {
      rank(places, turns, from, at);
      from = at;
    }
    before = place;
    const number = group[place] ?? 0;
    const turn = taken[number] ?? 0;
    turns[at] = turn;
    taken[number] = turn + 1;
  }
  rank(places, turns, from, places.length);
  return places;
}
