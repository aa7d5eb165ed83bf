import type { Fleet, SimulatedGuest, SimulatedHost } from "../fleet.ts";

/** With links of 1 GB/s and memory for all. */
export function host(id: string, over: Partial<SimulatedHost> = {}): SimulatedHost {
  return { id, outBytesPerSec: 1e9, inBytesPerSec: 1e9, freeBytes: Infinity, drained: false, ...over };
}

/** 10 GB that nobody writes; from the first host to the second. */
export function guest(id: string, over: Partial<SimulatedGuest> = {}): SimulatedGuest {
  return {
    id,
    source: 0,
    destination: 1,
    ramBytes: 10e9,
    regions: [],
    stopcopyBytes: 0,
    limitMs: 300,
    fixedMs: 50,
    knownWrites: 1,
    ...over,
  };
}

export function fleet(over: Partial<Fleet> = {}): Fleet {
  return {
    hosts: [host("a"), host("b"), host("c")],
    guests: [],
    streamBytesPerSec: Infinity,
    clusterBytesPerSec: Infinity,
    seed: 1,
    ...over,
  };
}
