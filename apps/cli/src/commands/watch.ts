import type { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodeOfEnd, exitCodes } from "../exit-codes.ts";
import { reportLines, sentencesOf, statusLine } from "../migration-text.ts";
import { interruption, print, say, wantsJson } from "./global.ts";
import { Screen } from "./screen.ts";

/**
 * Follows a migration to its end: its figures, the verdict's sentence and what the policy will do, redrawn on a terminal; JSON lines
 * otherwise. Ctrl-C only detaches. The exit code says how it ended.
 */
export async function watch(command: Command, id: string): Promise<void> {
  const interrupted = interruption();
  const client = await clientOf(command, interrupted);
  const screen = process.stdout.isTTY && !wantsJson(command) ? new Screen(process.stdout) : undefined;
  const show = (migration: Migration) =>
    screen === undefined
      ? print(JSON.stringify(migration))
      : screen.draw([statusLine(migration), ...sentencesOf(migration).map((sentence) => `  ${sentence}`)]);
  try {
    await follow(client, id, show);
    const ended = await client.waitForEnd(id);
    if (screen !== undefined) screen.end(reportLines(ended));
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
