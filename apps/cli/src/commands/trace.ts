import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { say } from "./global.ts";

export function traceCommand(migration: Command): void {
  migration
    .command("trace <id>")
    .description("its inputs as they were recorded, in JSON Lines")
    .option("--output <file>", "where to write them, instead of the standard output")
    .action(async (id: string, { output }: { output?: string }, command: Command) => {
      const text = await (await clientOf(command)).migrations.trace(id);
      if (output === undefined) {
        process.stdout.write(text);
        return;
      }
      await writeFile(output, text).catch((error: unknown) => {
        throw new UsageError(`${output} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      });
      say(`Written to ${output}`);
    });
}
