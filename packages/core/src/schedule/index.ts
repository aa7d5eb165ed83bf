export * from "./in-use.ts";
export * from "./moves.ts";
export { bandwidthNeeded, type Writing } from "./need.ts";
export * from "./decision.ts";
export { type ScheduleFault, scheduleFaults } from "./faults.ts";
export { plan as planSchedule } from "./plan.ts";
export type { Attempt, Conditions } from "./retry.ts";
export * from "./snapshot.ts";
export type { MaintenanceWindow } from "./window.ts";
