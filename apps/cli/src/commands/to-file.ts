import { resolve } from "node:path";
import type { Client } from "@godwit/client";
import { type Guest, SaveGuest } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytes } from "../format.ts";
import { print, wantsJson } from "./global.ts";

const scheme = "file:";

/** The folder that `--to file:<path>` names; undefined where it names a host. */
export function folderIn(destination: string): string | undefined {
  if (!destination.startsWith(scheme)) return undefined;
  const folder = destination.slice(scheme.length);
  if (folder.startsWith("/")) return folder;
  throw new UsageError(`--to ${destination}: the folder is on the guest's host, so name its absolute path`);
}

/** Of `migrate`, those that say something of a save; it is waited for in any case. */
const meantOfSaves = ["to", "downtimeLimit", "wait"];

/**
 * Saves the guest and waits until it is saved, or runs as before.
 *
 * @throws {UsageError} that names an option of a migration's which means nothing here
 */
export async function saveInto(command: Command, guest: string, folder: string): Promise<void> {
  const limitMs = limitOf(command);
  const { guests } = await clientOf(command);
  const { id } = await guests.save(guest, { folder, ...(limitMs !== undefined && { limitMs }) });
  const ended = await guests.waitAtRest(id);
  const isSaved = ended.save?.state === "saved";
  process.exitCode = isSaved ? exitCodes.done : exitCodes.aborted;
  print(wantsJson(command) ? JSON.stringify(ended) : endOfSave(ended));
}

/** The guest stands still while it is saved, which is the downtime that can be limited. */
function limitOf(command: Command): number | undefined {
  const given = command.options.filter((option) => {
    const name = option.attributeName();
    return (
      command.getOptionValueSource(name) === "cli" &&
      (option.negate ? command.getOptionValue(name) === false : command.getOptionValue(name) !== false)
    );
  });
  const meaningless = given.find((option) => !meantOfSaves.includes(option.attributeName()));
  if (meaningless !== undefined)
    throw new UsageError(
      `${meaningless.long} means nothing with --to file:<path>: the guest is stopped at once and saved. Leave it out`,
    );
  const parsed = SaveGuest.shape.limitMs.optional().safeParse(command.getOptionValue("downtimeLimit"));
  if (parsed.success) return parsed.data;
  throw new UsageError(`--downtime-limit of a save: ${parsed.error.issues[0]?.message ?? "not allowed"}`);
}

export interface RestoreOptions {
  host: string;
  guest?: string;
  as?: string;
}

/** Finds the guest by the folder that it was saved in, where it is not named, and waits until it runs, or is saved as before. */
export async function restoreFrom(command: Command, path: string, { host, guest, as }: RestoreOptions): Promise<void> {
  const client = await clientOf(command);
  const folder = resolve(path);
  const { id } =
    as === undefined
      ? await client.guests.restore(guest ?? (await guestIn(client, folder)), { host, folder })
      : await client.guests.createFromSave({ name: as, host, restore: folder });
  const ended = await client.guests.waitAtRest(id);
  const runs = ended.state === "running" && ended.host === host;
  process.exitCode = runs ? exitCodes.done : exitCodes.failed;
  print(wantsJson(command) ? JSON.stringify(ended) : endOfRestore(ended));
}

async function guestIn({ guests }: Client, folder: string): Promise<string> {
  let cursor: string | undefined;
  do {
    const page = await guests.list({ limit: 200, ...(cursor !== undefined && { cursor }) });
    const found = page.items.find(({ save }) => save?.state === "saved" && save.folder === folder);
    if (found !== undefined) return found.id;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  throw new UsageError(
    `No guest is known to be saved in ${folder}. Where a host sees its folder elsewhere, name it: --guest`,
  );
}

function endOfSave({ name, host, save }: Guest): string {
  if (save?.state === "saved") return `${name} is saved in ${save.folder} of ${save.host} (${bytes(save.bytes ?? 0)})`;
  return `${name} runs on ${host} as before: ${save?.failure?.code ?? "UNKNOWN"}: ${save?.failure?.detail ?? "?"}`;
}

function endOfRestore({ name, host, state, save }: Guest): string {
  if (state === "running") return `${name} runs on ${host}`;
  return `${name} is ${state}: ${save?.failure?.code ?? "UNKNOWN"}: ${save?.failure?.detail ?? "?"}`;
}
