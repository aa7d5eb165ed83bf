import { z } from "zod";

/** A field of a request that is at fault. `pointer` is a JSON pointer (RFC 6901); empty for the whole. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** What zod says of a value, as far as faults are made of it. */
const Issue = z.object({
  code: z.string(),
  message: z.string(),
  path: z.array(z.union([z.string(), z.number()])),
  keys: z.array(z.string()).optional(),
  get errors() {
    return z.array(z.array(Issue)).optional();
  },
});
type Issue = z.infer<typeof Issue>;

/** An unknown field is pointed at by its own name. Of the shapes that a body may have, the one is meant whose fields it has. */
export function faultsOf(issues: unknown): Fault[] {
  return z
    .array(Issue)
    .parse(issues)
    .flatMap((issue) => faultsOfOne(issue, []));
}

function faultsOfOne({ code, message, path, keys = [], errors = [] }: Issue, above: Issue["path"]): Fault[] {
  const whole = [...above, ...path];
  if (code === "unrecognized_keys") {
    return keys.map((key) => ({ pointer: pointerTo([...whole, key]), detail: "there is no such field" }));
  }
  const [meant] = errors.toSorted((a, b) => unknownFields(a) - unknownFields(b));
  if (meant !== undefined) return meant.flatMap((issue) => faultsOfOne(issue, whole));
  return [{ pointer: pointerTo(whole), detail: message }];
}

function unknownFields(issues: Issue[]): number {
  return issues.reduce((sum, { path, keys = [] }) => sum + (path.length === 0 ? keys.length : 0), 0);
}

function pointerTo(path: Issue["path"]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
