import { bytesText, type Reason, reason } from "../reason.ts";
import { type Endpoint, type Ledger, topOf } from "./ledger.ts";
import type { Entry } from "./order.ts";
import { goesBefore, leastToStart } from "./room.ts";
import type { QueuedMove } from "./snapshot.ts";

/** What came of the search: a host; or why there is none, and which one to keep free if it has waited too long. */
export type Placed = { destination: Endpoint } | { waitsFor: Reason; best: Endpoint | undefined };

/** S10: looks for a host where a migration names none. Lives for one plan, in which what is free only shrinks. */
export class Placement {
  readonly #ledger: Ledger;
  #open: Endpoint[];
  /** The smallest guest that no host had memory for, whatever its labels: a larger one need not be tried. */
  #tooLargeBytes = Infinity;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#open = [...ledger.endpoints.values()]
      .filter(({ host }) => host.connected && !host.paused && !host.cordoned)
      .toSorted((a, b) => b.in.budget - a.in.budget || (a.host.id < b.host.id ? -1 : 1));
  }

  find(entry: Entry, source: Endpoint, worth: number): Placed {
    const { move } = entry;
    if (move.memoryBytes >= this.#tooLargeBytes) return { waitsFor: noMemory(move), best: undefined };
    let [found, best, isTooLarge]: [Endpoint | undefined, Endpoint | undefined, boolean] = [undefined, undefined, true];
    for (const each of this.#open) {
      if (each.freeBytes < move.memoryBytes) continue;
      isTooLarge = false;
      if (each === source || (move.keepApart !== undefined && each.keepsApart.has(move.keepApart))) continue;
      best ??= each;
      if (this.#takes(each, entry, source, worth) && (found === undefined || suits(move, each, found))) found = each;
    }
    if (found !== undefined) return { destination: found };
    if (isTooLarge) this.#tooLargeBytes = move.memoryBytes;
    return { waitsFor: isTooLarge ? noMemory(move) : best === undefined ? apart(move) : noRoom(move), best };
  }

  #takes(each: Endpoint, entry: Entry, source: Endpoint, worth: number): boolean {
    if (each.in.taken >= each.in.limit || each.preparing.taken >= each.preparing.limit) return false;
    if (goesBefore(entry, each.in) !== undefined) return false;
    const top = topOf(this.#ledger, source, each, entry.move.capBytesPerSec);
    const free = Math.min(source.out.free, each.in.free, this.#ledger.cluster.free);
    return top === Infinity || free >= leastToStart(entry.move.neededBytesPerSec, top, worth);
  }
}

/** Spread: where most of the link is free, then where least is to come, then where most memory is. Pack: where least memory is left over. */
function suits({ placement }: QueuedMove, each: Endpoint, other: Endpoint): boolean {
  if (placement === "pack") return each.freeBytes < other.freeBytes;
  if (each.in.free !== other.in.free) return each.in.free > other.in.free;
  if (each.in.aheadBytes !== other.in.aheadBytes) return each.in.aheadBytes < other.in.aheadBytes;
  return each.freeBytes > other.freeBytes;
}

function noMemory({ memoryBytes }: QueuedMove): Reason {
  const sentence = `It waits for a host: none that takes guests has ${bytesText(memoryBytes)} of memory free.`;
  return reason("NO_HOST_WITH_MEMORY", sentence, { memoryBytes });
}

function apart({ memoryBytes, keepApart = "" }: QueuedMove): Reason {
  const sentence = `It waits for a host: each with memory for it has a guest from which ${keepApart || "it"} is kept apart, or is its own.`;
  return reason("NO_HOST_APART", sentence, { memoryBytes, keepApart });
}

function noRoom({ memoryBytes }: QueuedMove): Reason {
  const sentence = `It waits for a host: each with ${bytesText(memoryBytes)} of memory free has its incoming slots or its link taken.`;
  return reason("NO_HOST_WITH_ROOM", sentence, { memoryBytes });
}
