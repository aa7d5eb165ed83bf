import { ConfigError } from "@godwit/backend";
import type { z } from "zod";

/** The first thing that is wrong about a device's configuration, with where it is. */
export function configErrorOf(error: z.ZodError): ConfigError {
  const issue = error.issues[0];
  if (issue === undefined) return new ConfigError("", error.message);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const pointer = [...issue.path, ...unknown].map((part) => `/${escape(String(part))}`).join("");
  return new ConfigError(pointer, unknown.length > 0 ? "is not a field of this back end" : issue.message);
}

/** RFC 6901, section 3. */
function escape(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
