import { isAbsolute, relative, resolve, sep } from "node:path";
import { ConfigError } from "@godwit/backend";
import { z } from "zod";
import { configErrorOf } from "../config-error.ts";

export interface DirectoryConfig {
  /** The tree: absolute, or relative to the host's root for directories. */
  path: string;
  /** Shell command that stops every writer to the tree. Must be safe to run again. */
  quiesce?: string | undefined;
  /** Shell command that starts the service. Must be safe to run again; it must return, with the service in the background. */
  resume?: string | undefined;
  commandTimeoutMs: number;
  /** What becomes of the tree on the host that the device has left. */
  onMoved: "remove" | "keep";
}

const command = z.string().min(1).max(16_384);

const schema = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(3_000)
    .refine((path) => !path.includes("\0"), "must not contain a NUL character"),
  quiesce: command.optional(),
  resume: command.optional(),
  commandTimeoutMs: z.int().min(1).max(3_600_000).default(30_000),
  onMoved: z.enum(["remove", "keep"]).default("remove"),
});

/** @throws {ConfigError} */
export function parseConfig(input: unknown, root: string | undefined): DirectoryConfig {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  resolvePath(parsed.data.path, root);
  return parsed.data;
}

/** The absolute path of the tree on this host. @throws {ConfigError} */
export function resolvePath(path: string, root: string | undefined): string {
  if (isAbsolute(path)) {
    const absolute = resolve(path);
    if (absolute === sep) throw new ConfigError("/path", "must not be the root of the file system");
    return absolute;
  }
  if (root === undefined) throw new ConfigError("/path", "must be absolute: this host has no root for directories");
  const absolute = resolve(root, path);
  const inside = relative(resolve(root), absolute);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`)) {
    throw new ConfigError("/path", "must lie below this host's root for directories");
  }
  return absolute;
}
