import { bytesText, type Reason, reason } from "../reason.ts";
import { type Endpoint, type Ledger, topOf } from "./ledger.ts";
import type { Entry } from "./order.ts";
import { OpenHosts } from "./open-hosts.ts";
import { conditionsOf, differs } from "./retry.ts";
import { bytesPerSecFor, goesBefore, leastToStart } from "./room.ts";
import type { QueuedMove } from "./snapshot.ts";

/** What came of the search: a host; or why there is none, and which one to keep free if it has waited too long. */
export type Placed = { destination: Endpoint } | { waitsFor: Reason; best: Endpoint | undefined };

/** S10: looks for a host where a migration names none. Lives for one plan, in which what is free only shrinks. */
export class Placement {
  readonly #ledger: Ledger;
  /** All that take guests, those with the widest links first. */
  readonly #hosts: Endpoint[];
  readonly #open: OpenHosts;
  readonly #budgets: { least: number; most: number };
  /** The smallest guest that no host had memory for, whatever its labels: a larger one need not be tried. */
  #tooLargeBytes = Infinity;
  /** What no host had room for, by what the guest may take at the most: who wants no less of anything need not be tried. */
  readonly #failed = new Map<number, Map<number, Map<number, Failed>>>();
  /** The same reason for all that are as large: thousands may be. */
  readonly #noRoom = new Map<number, Reason>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#hosts = [...ledger.endpoints.values()]
      .filter(({ host }) => host.connected && !host.paused && !host.cordoned)
      .toSorted((a, b) => b.in.budget - a.in.budget || (a.host.id < b.host.id ? -1 : 1));
    this.#open = new OpenHosts(this.#hosts);
    const budgets = this.#hosts.map((each) => each.in.budget);
    this.#budgets = { least: budgets.at(-1) ?? 0, most: budgets[0] ?? 0 };
  }

  /** Something is taken of a host, or waits for it. */
  changed(endpoint: Endpoint): void {
    this.#open.changed(endpoint);
  }

  hasPlace(entry: Entry, source: Endpoint, worth: number): boolean {
    return this.#search(entry, source, worth) !== undefined;
  }

  find(entry: Entry, source: Endpoint, worth: number): Placed {
    const { move } = entry;
    if (move.memoryBytes >= this.#tooLargeBytes) return { waitsFor: noMemory(move), best: undefined };
    const destination = this.#search(entry, source, worth);
    if (destination !== undefined) return { destination };
    const fits = this.#hosts.some((each) => each.freeBytes >= move.memoryBytes);
    if (!fits) this.#tooLargeBytes = move.memoryBytes;
    if (!fits) return { waitsFor: noMemory(move), best: undefined };
    let waitsFor = apart(move);
    for (const each of this.#hosts) {
      if (!mayHouse(each, move, source)) continue;
      const failed = this.#failedThere(each, entry, source);
      if (failed === undefined) return { waitsFor: this.#noRoomFor(move), best: each };
      waitsFor = failed;
    }
    return { waitsFor, best: undefined };
  }

  /** S8: why it is not tried again with this host as it is now. */
  #failedThere(each: Endpoint, entry: Entry, source: Endpoint): Reason | undefined {
    if (entry.move.attempts.length === 0) return undefined;
    const bytesPerSec = bytesPerSecFor(entry, source, each, this.#ledger);
    return differs(entry.move.attempts, conditionsOf(entry.move, each, bytesPerSec)).same;
  }

  /** In the order in which hosts suit it; where one was passed over for nobody's sake but its own, others may still find room there. */
  #search(entry: Entry, source: Endpoint, worth: number): Endpoint | undefined {
    const { move } = entry;
    const free = Math.min(source.out.free, this.#ledger.cluster.free);
    const least = leastToStart(move.neededBytesPerSec, this.#topAt(this.#budgets.least, source, move), worth);
    if (free < least) return undefined;
    const failed = this.#failedLike(move, source, worth);
    if (failed.some((other) => isNoLess(move, other))) return undefined;
    let wasChoosy = free < leastToStart(move.neededBytesPerSec, this.#topAt(this.#budgets.most, source, move), worth);
    for (const each of this.#open.inOrderFor(move, least)) {
      if (each.freeBytes < move.memoryBytes || !this.#hasRoom(each, entry, source, worth)) continue;
      const isEnough = free >= this.#leastAt(each, entry, source, worth);
      if (isEnough && suitsIt(each, entry, source) && this.#failedThere(each, entry, source) === undefined) return each;
      wasChoosy = true;
    }
    if (!wasChoosy) remember(failed, move);
    return undefined;
  }

  #failedLike({ neededBytesPerSec, capBytesPerSec }: QueuedMove, source: Endpoint, worth: number): Wanted[] {
    const ofSource = found(this.#failed, source.out.budget, () => new Map<number, Map<number, Failed>>());
    const ofCap = found(ofSource, capBytesPerSec ?? Infinity, () => new Map<number, Failed>());
    const failed = found(ofCap, worth, (): Failed => ({ foreseen: [], unforeseen: [] }));
    return neededBytesPerSec === undefined ? failed.unforeseen : failed.foreseen;
  }

  #noRoomFor({ memoryBytes }: QueuedMove): Reason {
    return found(this.#noRoom, memoryBytes, () => noRoom(memoryBytes));
  }

  #topAt(budget: number, source: Endpoint, { capBytesPerSec = Infinity }: QueuedMove): number {
    const { cluster, streamBytesPerSec } = this.#ledger;
    return Math.min(budget, source.out.budget, cluster.budget, streamBytesPerSec, capBytesPerSec);
  }

  #leastAt(each: Endpoint, { move }: Entry, source: Endpoint, worth: number): number {
    return leastToStart(move.neededBytesPerSec, topOf(this.#ledger, source, each, move.capBytesPerSec), worth);
  }

  /** For it or for anybody who wants no more. */
  #hasRoom(each: Endpoint, entry: Entry, source: Endpoint, worth: number): boolean {
    if (each.in.taken >= each.in.limit || each.preparing.taken >= each.preparing.limit) return false;
    return each.in.free >= this.#leastAt(each, entry, source, worth);
  }
}

/** Of memory and of bandwidth. */
type Wanted = Pick<QueuedMove, "memoryBytes" | "neededBytesPerSec">;

/** Apart, since of what nothing is known another guarantee holds. */
interface Failed {
  foreseen: Wanted[];
  unforeseen: Wanted[];
}

/** What is there by this key; made where there is nothing. */
function found<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function isNoLess(one: Wanted, other: Wanted): boolean {
  return one.memoryBytes >= other.memoryBytes && (one.neededBytesPerSec ?? 0) >= (other.neededBytesPerSec ?? 0);
}

/** Only the least of what failed is kept. */
function remember(failed: Wanted[], { memoryBytes, neededBytesPerSec }: Wanted): void {
  const wanted = { memoryBytes, neededBytesPerSec };
  const others = failed.filter((other) => !isNoLess(other, wanted));
  failed.splice(0, failed.length, ...others, wanted);
}

function mayHouse(each: Endpoint, { memoryBytes, keepApart, mayGoTo }: QueuedMove, source: Endpoint): boolean {
  if (mayGoTo?.includes(each.host.id) === false) return false;
  if (each === source || each.freeBytes < memoryBytes) return false;
  return keepApart === undefined || !each.keepsApart.has(keepApart);
}

function suitsIt(each: Endpoint, entry: Entry, source: Endpoint): boolean {
  return mayHouse(each, entry.move, source) && goesBefore(entry, each.in) === undefined;
}

function noMemory({ memoryBytes }: QueuedMove): Reason {
  const sentence = `It waits for a host: none that takes guests has ${bytesText(memoryBytes)} of memory free.`;
  return reason("NO_HOST_WITH_MEMORY", sentence, { memoryBytes });
}

function apart({ memoryBytes, keepApart = "" }: QueuedMove): Reason {
  const sentence = `It waits for a host: each with memory for it has a guest from which ${keepApart || "it"} is kept apart, or is its own.`;
  return reason("NO_HOST_APART", sentence, { memoryBytes, keepApart });
}

function noRoom(memoryBytes: number): Reason {
  const sentence = `It waits for a host: each with ${bytesText(memoryBytes)} of memory free has its incoming slots or its link taken.`;
  return reason("NO_HOST_WITH_ROOM", sentence, { memoryBytes });
}
