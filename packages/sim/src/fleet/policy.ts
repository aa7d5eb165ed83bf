import type { Fleet } from "./fleet.ts";
import type { Flow } from "./flow.ts";
import type { Patience } from "./give-up.ts";

/** Which guests start when, what each may take, and when one is given up. A policy is for one run. */
export interface FleetPolicy {
  patience: Patience;
  /** Asked every second, and whenever one has ended or begins its switchover. */
  plan(view: FleetView): FleetPlan;
}

/** What is true at an instant. Guests and hosts are named by their places in the fleet's lists. */
export interface FleetView {
  fleet: Fleet;
  atMs: number;
  /** In the fleet's order. */
  waiting: readonly number[];
  running: readonly Flow[];
  /** Of each host: memory that nobody has, with what is on its way to it still to be taken off. */
  freeBytes: readonly number[];
}

export interface FleetPlan {
  starts: { guest: number; destination: number }[];
  refusals: { guest: number; reason: string }[];
  /** By guest, of those that run and those that start; undefined: the network shares its links out by itself. */
  shares: Map<number, FleetShare> | undefined;
}

/** In bytes/s. `reserved` is what it would have in its switchover, if nobody else on its path is in one. */
export interface FleetShare {
  bytesPerSec: number;
  reservedBytesPerSec: number;
}
