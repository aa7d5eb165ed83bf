import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Cluster } from "./cluster.ts";
import { godwit } from "./program.ts";

/** A command of `godwit`, as a script runs it: without a terminal. */
export async function runCommand(
  cluster: Cluster,
  ...words: string[]
): Promise<{ code: number | null; data: string; talk: string }> {
  const env = { ...process.env, GODWIT_SERVER: cluster.url, GODWIT_TOKEN_FILE: cluster.tokenFile };
  const child = spawn(process.execPath, godwit(words), { stdio: ["ignore", "pipe", "pipe"], env });
  const [data, talk] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, data, talk };
}
