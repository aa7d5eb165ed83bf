export { bandwidthNeeded, type Writing } from "./need.ts";
export * from "./decision.ts";
export { plan as planSchedule } from "./plan.ts";
export type { Attempt, Conditions } from "./retry.ts";
export * from "./snapshot.ts";
export type { MaintenanceWindow } from "./window.ts";
