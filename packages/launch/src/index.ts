export * from "./entry.ts";
export * from "./folder-lock.ts";
export * from "./processes.ts";
