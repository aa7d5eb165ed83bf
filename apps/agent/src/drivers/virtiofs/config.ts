import { z } from "zod";
import { configErrorOf } from "../config-error.ts";
import { resolvePath } from "../directory/config.ts";

const VirtiofsConfig = z.strictObject({
  /** What is served: absolute, or relative to the host's root for directories. The same content on both sides. */
  path: z
    .string()
    .min(1)
    .max(3_000)
    .refine((path) => !path.includes("\0"), "must not contain a NUL character"),
  /** How virtiofsd shuts itself in: `namespace` does not work inside a plain chroot, and `chroot` needs root. */
  sandbox: z.enum(["namespace", "chroot", "none"]).default("namespace"),
  /** Knows open files by handles instead of keeping them open, as is needed beyond some ten thousand; needs root. */
  fileHandles: z.boolean().default(false),
});
export type VirtiofsConfig = z.infer<typeof VirtiofsConfig>;

/** @throws {ConfigError} */
export function parseConfig(input: unknown, root: string | undefined): VirtiofsConfig {
  const parsed = VirtiofsConfig.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  resolvePath(parsed.data.path, root);
  return parsed.data;
}
