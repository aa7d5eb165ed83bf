import type { Command } from "commander";
import { parseConfig, readConfig, withoutUndefined } from "../parse-config.ts";
import { programLog } from "../program-log.ts";
import { interruption, print, wantsJson, wholeArgument } from "./global.ts";

interface Options {
  host?: string;
  port?: number;
  data?: string;
  config?: string;
  lease?: number;
}

const defaultFolder = ".godwit/server";

export function serverCommand(program: Command): void {
  program
    .command("server")
    .description("run the orchestrator")
    .option("--host <address>", "a loopback address (default 127.0.0.1)")
    .option("--port <port>", "0 for a free one (default 7140)", wholeArgument)
    .option("--data <folder>", `database and tokens (default ${defaultFolder})`)
    .option("--config <file>", "JSON with these settings by their names in OrchestratorConfig, and fencing; flags win")
    .option("--lease <ms>", "how long a second orchestrator waits for one that hangs (default 10000)", wholeArgument)
    .addHelpText("after", "\nDATABASE_URL names a PostgreSQL of 15 or newer instead of the embedded database.")
    .action(async (options: Options, command: Command) => {
      // Loaded only here: most commands are over before the orchestrator would be read in.
      const { OrchestratorConfig, runOrchestrator } = await import("@godwit/orchestrator");
      const given = { host: options.host, port: options.port, dataFolder: options.data, leaseMs: options.lease };
      const config = parseConfig(OrchestratorConfig, {
        dataFolder: defaultFolder,
        ...(options.config === undefined ? {} : await readConfig(options.config)),
        ...withoutUndefined({ ...given, databaseUrl: process.env["DATABASE_URL"] }),
      });
      await runOrchestrator(
        config,
        programLog("orchestrator"),
        interruption(),
        ({ url, adminTokenFile, agentTokenFile, newCode }) => {
          const link = `${url}/#code=${newCode()}`;
          if (wantsJson(command)) print(JSON.stringify({ url, link, adminTokenFile, agentTokenFile }));
          else
            print(
              `Dashboard    ${link}\nAPI          ${url}/v1\nToken        ${adminTokenFile}\nAgent token  ${agentTokenFile}`,
            );
        },
      );
    });
}
