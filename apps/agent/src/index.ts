export { AgentConfig } from "./config.ts";
export { type AgentReady, agentVersion, runAgent } from "./main.ts";
