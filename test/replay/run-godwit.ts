import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nodeArguments } from "@godwit/launch";

const program = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command line as a process of its own, without a terminal. */
export async function runGodwit(args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [...nodeArguments(), program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}
