import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { UsageError } from "./context.ts";

/** What was given on the command line and in the environment; a wrong value is named. */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const unknown = first?.code === "unrecognized_keys" ? first.keys.slice(0, 1) : [];
  const at = [...(first?.path ?? []), ...unknown].join(".");
  throw new UsageError(`${at}: ${unknown.length > 0 ? "is not known" : (first?.message ?? "not allowed")}`);
}

/** A file of settings, or standard input for "-". What is wrong about one of them is told when it is parsed with the others. */
export async function readConfig(file: string): Promise<Record<string, unknown>> {
  try {
    return z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(file === "-" ? await text(process.stdin) : await readFile(file, "utf8")));
  } catch (error) {
    const what = file === "-" ? "Standard input" : `The file ${file}`;
    throw new UsageError(`${what} is no JSON object that can be read: ${String(error)}`);
  }
}

export function withoutUndefined(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
