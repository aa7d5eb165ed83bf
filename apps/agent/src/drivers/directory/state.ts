import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "./errors.ts";

/**
 * What the agent last did with the service, so that it is not started twice. `stopped` is written before the quiesce
 * command runs and `serving` after the resume command has: whatever interrupts either leaves `stopped`.
 */
export type ServiceState = "serving" | "stopped" | "unknown";

/** `unknown` also where the machine has booted since: no service has outlived that. */
export async function readState(folder: string): Promise<ServiceState> {
  const text = await readFile(join(folder, "state"), "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  });
  if (text === "stopped\n") return "stopped";
  return text === `serving ${await bootId()}\n` ? "serving" : "unknown";
}

/** Has this host been given the device, in whatever state it is? */
export async function hasState(folder: string): Promise<boolean> {
  return await readFile(join(folder, "state")).then(
    () => true,
    () => false,
  );
}

export async function writeState(folder: string, state: "serving" | "stopped"): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const next = join(folder, "state.next");
  await using file = await open(next, "w", 0o600);
  await file.writeFile(state === "serving" ? `serving ${await bootId()}\n` : "stopped\n");
  await file.sync();
  await rename(next, join(folder, "state"));
  await syncFolder(folder);
}

export async function forgetState(folder: string): Promise<void> {
  await rm(join(folder, "state"), { force: true });
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
