import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, type ProcessName } from "@godwit/launch";
import { z } from "zod";

/** A process that somebody else has started, and by which socket it is spoken to. */
export interface Adopted {
  process: ProcessName;
  socket: string;
}

const Adopted = z.object({ process: z.object({ pid: z.int(), startTicks: z.string() }), socket: z.string() });
const fileName = "adopted.json";

/** By this the process is found again from the folder, as others are by what they have left in it. */
export async function noteAdopted(folder: string, adopted: Adopted): Promise<void> {
  await writeFile(join(folder, fileName), `${JSON.stringify(adopted)}\n`, { mode: 0o600 });
}

export async function forgetAdopted(folder: string): Promise<void> {
  await rm(join(folder, fileName), { force: true });
}

/** What the folder says of an adopted process, where that lives. */
export async function adoptedIn(folder: string): Promise<Adopted | undefined> {
  const text = await readFile(join(folder, fileName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const adopted = Adopted.parse(JSON.parse(text));
  return (await isAlive(adopted.process)) ? adopted : undefined;
}
