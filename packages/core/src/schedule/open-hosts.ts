import type { Endpoint } from "./ledger.ts";
import type { QueuedMove } from "./snapshot.ts";

/** A host with what its places in the orders rest on. */
interface Place {
  endpoint: Endpoint;
  /** Among all, for where nothing else tells two apart. */
  rank: number;
  free: number;
  aheadBytes: number;
  freeBytes: number;
}

type Order = (a: Place, b: Place) => number;

/** Where most of the link is free, then where least is to come, then where most memory is. */
const spread: Order = (a, b) =>
  descending(a.free, b.free) || a.aheadBytes - b.aheadBytes || descending(a.freeBytes, b.freeBytes) || a.rank - b.rank;
/** Where least memory is left over. */
const pack: Order = (a, b) => a.freeBytes - b.freeBytes || a.rank - b.rank;

/** Hosts that could take another guest, kept in the orders of S10; one that is full drops out. Lives for one plan. */
export class OpenHosts {
  readonly #places: ReadonlyMap<Endpoint, Place>;
  readonly #changed = new Set<Place>();
  #spread: Place[] | undefined;
  #pack: Place[] | undefined;

  constructor(hosts: readonly Endpoint[]) {
    this.#places = new Map(hosts.map((endpoint, rank) => [endpoint, placeOf(endpoint, rank)]));
  }

  changed(endpoint: Endpoint): void {
    const place = this.#places.get(endpoint);
    if (place !== undefined) this.#changed.add(place);
  }

  /** The most suitable first; those that have less of their link free than `least` may be left out. */
  *inOrderFor({ placement, memoryBytes }: QueuedMove, least: number): Generator<Endpoint> {
    this.#settle();
    if (placement === "spread") {
      for (const { endpoint } of (this.#spread ??= this.#sorted(spread))) {
        if (endpoint.in.free < least) return;
        yield endpoint;
      }
      return;
    }
    const places = (this.#pack ??= this.#sorted(pack));
    const from = firstAt(places, (place) => place.freeBytes >= memoryBytes);
    for (let at = from; at < places.length; at += 1) {
      const place = places[at];
      if (place !== undefined) yield place.endpoint;
    }
  }

  #sorted(order: Order): Place[] {
    return [...this.#places.values()].filter(({ endpoint }) => isOpen(endpoint)).toSorted(order);
  }

  /** Moves what has changed to where it belongs now. */
  #settle(): void {
    for (const place of this.#changed) {
      remove(this.#spread, place, spread);
      remove(this.#pack, place, pack);
      Object.assign(place, placeOf(place.endpoint, place.rank));
      if (!isOpen(place.endpoint)) continue;
      insert(this.#spread, place, spread);
      insert(this.#pack, place, pack);
    }
    this.#changed.clear();
  }
}

function placeOf(endpoint: Endpoint, rank: number): Place {
  return {
    endpoint,
    rank,
    free: endpoint.in.free,
    aheadBytes: endpoint.in.aheadBytes,
    freeBytes: endpoint.freeBytes,
  };
}

function isOpen({ in: into, preparing, freeBytes }: Endpoint): boolean {
  return into.taken < into.limit && preparing.taken < preparing.limit && into.free > 0 && freeBytes > 0;
}

function remove(places: Place[] | undefined, place: Place, order: Order): void {
  if (places === undefined) return;
  const at = firstAt(places, (other) => order(other, place) >= 0);
  if (places[at] === place) places.splice(at, 1);
}

function insert(places: Place[] | undefined, place: Place, order: Order): void {
  if (places === undefined) return;
  places.splice(
    firstAt(places, (other) => order(other, place) >= 0),
    0,
    place,
  );
}

/** Of the first for which it holds, as it does for all after it. */
function firstAt(places: readonly Place[], holds: (place: Place) => boolean): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const place = places[middle];
    if (place !== undefined && holds(place)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Also of what has no end. */
function descending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}
