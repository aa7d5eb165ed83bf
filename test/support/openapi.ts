import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OrchestratorConfig, runOrchestrator } from "@godwit/orchestrator";
import { pino } from "pino";

/** The API's description, as it is kept in git. */
export const openapiFile = fileURLToPath(new URL("../../openapi.json", import.meta.url));

/** The API's description as an orchestrator of this source serves it, in the form in which it is kept. */
export async function servedOpenapi(): Promise<string> {
  const dataFolder = await mkdtemp(join(tmpdir(), "godwit-openapi-"));
  const stop = new AbortController();
  try {
    const config = OrchestratorConfig.parse({ dataFolder, port: 0 });
    let running: Promise<void> = Promise.resolve();
    const url = await new Promise<string>((resolve, reject) => {
      running = runOrchestrator(config, pino({ level: "silent" }), stop.signal, (ready) => resolve(ready.url));
      running.catch(reject);
    });
    const response = await fetch(new URL("/openapi.json", url));
    const document: unknown = await response.json();
    if (!response.ok) throw new Error(`/openapi.json answered ${response.status}: ${JSON.stringify(document)}`);
    stop.abort();
    await running;
    return `${JSON.stringify(document, undefined, 2)}\n`;
  } finally {
    stop.abort();
    await rm(dataFolder, { recursive: true, force: true });
  }
}
