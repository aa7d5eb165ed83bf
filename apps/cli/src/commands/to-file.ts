import { resolve } from "node:path";
import type { Client } from "@godwit/client";
import type { Guest } from "@godwit/contract";
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

/** Saves the guest and waits until it is saved, or runs as before. */
export async function saveInto(command: Command, guest: string, folder: string): Promise<void> {
  const { guests } = await clientOf(command);
  const { id } = await guests.save(guest, { folder });
  const ended = await guests.waitAtRest(id);
  const isSaved = ended.save?.state === "saved";
  process.exitCode = isSaved ? exitCodes.done : exitCodes.aborted;
  print(wantsJson(command) ? JSON.stringify(ended) : endOfSave(ended));
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
