import type { Fleet } from "./fleet.ts";

/** One that shares links with others. */
export interface Sharer {
  source: number;
  destination: number;
  bytesPerSec: number;
}

interface Link {
  free: number;
  open: number;
  sharers: Sharer[];
}

/**
 * What the network does where nobody shares out: the tightest link is divided evenly among those that cross it, then the next
 * tightest among what is left, and nobody sends more than a stream can. Sets `bytesPerSec` of each.
 */
export function shareEvenly(sharers: readonly Sharer[], fleet: Fleet): void {
  const out = new Map<number, Link>();
  const into = new Map<number, Link>();
  const cluster: Link = { free: fleet.clusterBytesPerSec, open: 0, sharers: [] };
  for (const each of sharers) {
    each.bytesPerSec = -1;
    join(cluster, each);
    join(linkAt(out, each.source, fleet.hosts[each.source]?.outBytesPerSec ?? 0), each);
    join(linkAt(into, each.destination, fleet.hosts[each.destination]?.inBytesPerSec ?? 0), each);
  }
  const links = [cluster, ...out.values(), ...into.values()];
  for (let left = sharers.length; left > 0;) {
    const tightest = links.reduce((a, b) => (evenShare(b) < evenShare(a) ? b : a));
    const share = Math.min(evenShare(tightest), fleet.streamBytesPerSec);
    // Where the stream is what limits, it limits all of them.
    const settled = share < fleet.streamBytesPerSec ? tightest.sharers : sharers;
    for (const each of settled) {
      if (each.bytesPerSec >= 0) continue;
      each.bytesPerSec = Math.max(0, share);
      left -= 1;
      for (const link of [cluster, out.get(each.source), into.get(each.destination)]) {
        if (link === undefined) continue;
        link.free -= share;
        link.open -= 1;
      }
    }
  }
}

function linkAt(links: Map<number, Link>, index: number, bytesPerSec: number): Link {
  const known = links.get(index);
  if (known !== undefined) return known;
  const link: Link = { free: bytesPerSec, open: 0, sharers: [] };
  links.set(index, link);
  return link;
}

function join(link: Link, sharer: Sharer): void {
  link.open += 1;
  link.sharers.push(sharer);
}

function evenShare({ free, open }: Link): number {
  return open === 0 ? Infinity : free / open;
}
