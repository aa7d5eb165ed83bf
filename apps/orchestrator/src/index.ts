export { OrchestratorConfig } from "./config.ts";
export { freePortsFrom, type OrchestratorReady, runOrchestrator } from "./main.ts";
export { version } from "./version.ts";
