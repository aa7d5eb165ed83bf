export { DataFolderInUseError } from "@godwit/launch";
export { MigrationRefusedError } from "./migrate.ts";
export { openStore, type StoreOptions } from "./open.ts";
export * from "./store.ts";
