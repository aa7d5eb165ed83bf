import type { z } from "zod";
import { UsageError } from "./context.ts";

/** What was given on the command line and in the environment; a wrong value is named. */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new UsageError(`${first?.path.join(".") ?? ""}: ${first?.message ?? "not allowed"}`);
}
