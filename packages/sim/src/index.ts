/**
 * A seeded world in which the decision rule of a live migration is tried: one guest with its devices, one link, true downtimes;
 * twelve kinds of workload; an oracle that knows the future; and the rules of others to compare with.
 */
export { GiB, MiB } from "./bytes.ts";
export { peers } from "./peers/peers.ts";
export { Random } from "./random.ts";
export { type Outcome, type Rule, type RuleAction, run } from "./run.ts";
export * from "./scenario.ts";
export { scenarioOf } from "./scenario-of.ts";
export { type Truth, truthOf } from "./truth.ts";
export type { SeenDevice } from "./world/device-state.ts";
export type { RegionState, SeenRam } from "./world/guest-ram.ts";
export { type ExactReport, World } from "./world/world.ts";
export { Disk, type MountedDisk } from "./system/disk.ts";
export { Life } from "./system/life.ts";
export { type End, Network } from "./system/network.ts";
export { VirtualTime } from "./system/virtual-time.ts";
