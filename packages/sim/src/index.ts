/**
 * A seeded world in which the decision rule of a live migration is tried: one guest with its devices, one link, true downtimes;
 * twelve kinds of workload; an oracle that knows the future; and the rules of others to compare with.
 */
export { GiB, MiB } from "./bytes.ts";
export { type FleetFigures, fleetFigures } from "./fleet/figures.ts";
export * from "./fleet/fleet.ts";
export { type Errand, errands, fleetOf } from "./fleet/fleet-of.ts";
export { Flow } from "./fleet/flow.ts";
export type { Patience } from "./fleet/give-up.ts";
export { fleetPeers } from "./fleet/peers.ts";
export type { FleetPlan, FleetPolicy, FleetShare, FleetView } from "./fleet/policy.ts";
export { type FleetOutcome, type GuestOutcome, runFleet } from "./fleet/run-fleet.ts";
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
