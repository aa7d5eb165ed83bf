import { createRequire } from "node:module";
import { ApiError } from "@godwit/client";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { agentCommand } from "./commands/agent.ts";
import { auditCommand } from "./commands/audit.ts";
import { demoCommand } from "./commands/demo.ts";
import { say } from "./commands/global.ts";
import { drainCommand } from "./commands/drain.ts";
import { guestCommands } from "./commands/guest.ts";
import { hostCommands } from "./commands/host.ts";
import { migrateCommand, migrationCommands } from "./commands/migration.ts";
import { planCommand } from "./commands/plan.ts";
import { policyCommands } from "./commands/policy.ts";
import { predictionsCommand } from "./commands/predictions.ts";
import { queueCommand } from "./commands/queue.ts";
import { replayCommand } from "./commands/replay.ts";
import { serverCommand } from "./commands/server.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { tokenCommands } from "./commands/token.ts";
import { webhookCommands } from "./commands/webhook.ts";
import { UsageError } from "./context.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";

const { version } = z.object({ version: z.string() }).parse(createRequire(import.meta.url)("../package.json"));

const program = new Command("godwit")
  .description("Live migration of guests between hosts")
  .version(version)
  .option("--server <url>", "the orchestrator (or GODWIT_SERVER)")
  .option("--token-file <file>", "a file with a token (or GODWIT_TOKEN_FILE)")
  .option("--json", "print exactly what the API answers")
  .exitOverride()
  .showHelpAfterError("(godwit --help lists the commands)");

migrateCommand(program);
migrationCommands(program);
planCommand(program);
policyCommands(program);
queueCommand(program);
predictionsCommand(program);
replayCommand(program);
simulateCommand(program);
hostCommands(program);
drainCommand(program);
guestCommands(program);
tokenCommands(program);
auditCommand(program);
webhookCommands(program);
serverCommand(program);
agentCommand(program);
demoCommand(program);

// Who reads no further (`| head`) has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said it already.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodeOf(error);
    say(messageOf(error));
  }
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const fields = (error.problem.errors ?? []).map(
      ({ pointer, detail }) => `\n  ${pointer === "" ? "the body" : pointer}: ${detail}`,
    );
    return `${error.code}: ${error.problem.detail}${fields.join("")}`;
  }
  return error instanceof Error ? `${stableCodeOf(error)}${error.message}` : String(error);
}

/** The program's own codes are told as the API's are; the system's say nothing that their sentences do not. */
function stableCodeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" && /^[a-z-]+$/.test(error.code) ? `${error.code}: ` : "";
}
