/** Drives QEMU: finds the programs, starts guests with their file systems, speaks QMP, reads what a migration says of itself. */
export * from "./arguments.ts";
export * from "./installation.ts";
export * from "./machine.ts";
export * from "./migration.ts";
export * from "./migration-answer.ts";
export * from "./migration-figures.ts";
export * from "./places.ts";
export * from "./qmp/qmp-error.ts";
export * from "./qmp/qmp-events.ts";
export * from "./qmp/qmp.ts";
export type { Virtiofsd } from "./virtiofsd.ts";
