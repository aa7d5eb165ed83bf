import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Cluster } from "./cluster.ts";
import { godwit } from "./program.ts";

export interface Said {
  code: number | null;
  data: string;
  talk: string;
}

export interface Begun {
  firstLine: Promise<unknown>;
  ended: Promise<Said>;
}

/** A command of `godwit`, as a script runs it: without a terminal. */
export async function runCommand(cluster: Cluster, ...words: string[]): Promise<Said> {
  return await beginCommand(cluster, ...words).ended;
}

/** The same with something on its standard input. */
export async function runCommandOn(input: string, cluster: Cluster, ...words: string[]): Promise<Said> {
  return await begin(cluster, words, input).ended;
}

export function beginCommand(cluster: Cluster, ...words: string[]): Begun {
  return begin(cluster, words);
}

function begin(cluster: Cluster, words: string[], input?: string): Begun {
  const env = { ...process.env, GODWIT_SERVER: cluster.url, GODWIT_TOKEN_FILE: cluster.tokenFile };
  const child = spawn(process.execPath, godwit(words), { stdio: ["pipe", "pipe", "pipe"], env });
  child.stdin.end(input);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]).then(([data, talk]) => ({
    code: child.exitCode,
    data,
    talk,
  }));
  return { firstLine: once(child.stdout, "data"), ended };
}
