import type { Random } from "../random.ts";
import type { Device, Region } from "../scenario.ts";
import type { Activity } from "./activity.ts";
import type { Machine } from "./machine.ts";

/** What a kind makes of a machine. */
export interface Workload {
  /** The machine it was given, or one that the kind has changed. */
  machine: Machine;
  regions: Region[];
  activity: Activity;
  devices: Device[];
}

/** Draws one workload of a kind. The order of the draws is part of the seed. */
export type DrawWorkload = (machine: Machine, random: Random) => Workload;
