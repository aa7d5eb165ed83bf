import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { parseBytes } from "../format.ts";

/** Data goes to stdout, talk to stderr. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function wantsJson(command: Command): boolean {
  return z.object({ json: z.boolean().default(false) }).parse(command.optsWithGlobals()).json;
}

export function bytesArgument(text: string): number {
  const value = parseBytes(text);
  if (value === undefined) throw new InvalidArgumentError("a size such as 65536, 40MB or 1.5GiB");
  return value;
}

export function wholeArgument(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("a whole number");
  return Number(text);
}

/** Ends with the first SIGINT or SIGTERM. */
export function interruption(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(name)));
  return stop.signal;
}
