/** Drives QEMU: finds the programs, starts guests with their file systems, speaks QMP, reads what a migration says of itself. */
export { type Abilities, AbilityProbe, type Accelerator } from "./abilities.ts";
export * from "./arguments.ts";
export { endNow, processIn, type StartOptions } from "./child.ts";
export * from "./guest-needs.ts";
export * from "./incoming-migration.ts";
export * from "./installation.ts";
export * from "./qemu.ts";
export * from "./migration.ts";
export * from "./migration-answer.ts";
export * from "./migration-figures.ts";
export * from "./outgoing-migration.ts";
export * from "./places.ts";
export * from "./qmp/qmp-error.ts";
export * from "./qmp/qmp-events.ts";
export * from "./qmp/qmp.ts";
export * from "./run-state.ts";
export * from "./stream-reader.ts";
export * from "./virtiofsd.ts";
