export { OrchestratorConfig } from "./config.ts";
export { freePortFrom, type OrchestratorReady, runOrchestrator } from "./main.ts";
export { version } from "./version.ts";
