import type { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodeOfEnd, exitCodes } from "../exit-codes.ts";
import { reportLines, statusLine } from "../format.ts";
import { interruption, print, say, wantsJson } from "./global.ts";

/**
 * Follows a migration to its end: one line that is redrawn on a terminal, JSON lines otherwise. Ctrl-C only detaches. The exit code
 * says how it ended.
 */
export async function watch(command: Command, id: string): Promise<void> {
  const interrupted = interruption();
  const client = await clientOf(command, interrupted);
  const live = process.stdout.isTTY && !wantsJson(command);
  try {
    await follow(client, id, (migration) => (live ? redraw(statusLine(migration)) : print(JSON.stringify(migration))));
    const ended = await client.waitForEnd(id);
    if (live) redraw(`${reportLines(ended).join("\n")}\n`);
    else if (!wantsJson(command)) for (const line of reportLines(ended)) say(line);
    process.exitCode = exitCodeOfEnd(ended);
  } catch (error) {
    if (!interrupted.aborted) throw error;
    say(`\nDetached; the migration goes on. Look again: godwit migration watch ${id}`);
    process.exitCode = exitCodes.interrupted;
  }
}

async function follow(client: Client, id: string, show: (migration: Migration) => void): Promise<void> {
  show(await client.migrations.get(id));
  for await (const told of client.migrations.events(id)) {
    if (told.type === "progress") show(told.migration);
    else if (told.type === "event" && told.event.type === "migration.phase") show(await client.migrations.get(id));
  }
}

function redraw(text: string): void {
  const width = process.stdout.columns;
  const shown = text.includes("\n") ? text : text.slice(0, Math.max(20, width - 1));
  process.stdout.write(`\r\u001B[K${shown}`);
}
