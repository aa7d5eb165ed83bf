import { servingFields } from "@godwit/contract";
import { z } from "zod";
import { configErrorOf } from "../config-error.ts";
import { resolvePath } from "../directory/config.ts";

const ours = /^--(shared-dir|socket-path|socket-group|fd|sandbox)(=|$)/;

const VirtiofsConfig = z.strictObject({
  /** What is served: absolute, or relative to the host's root for directories. The same content on both sides. */
  path: z
    .string()
    .min(1)
    .max(3_000)
    .refine((path) => !path.includes("\0"), "must not contain a NUL character"),
  ...servingFields,
  /** Further options of virtiofsd as they are, each with its value: "--cache=never". */
  options: z
    .array(
      z
        .string()
        .max(4_000)
        .regex(/^--[a-z]/, "an option by its long name"),
    )
    .max(64)
    .optional(),
});
export type VirtiofsConfig = z.infer<typeof VirtiofsConfig>;

const Checked = VirtiofsConfig.superRefine(({ options = [] }, context) => {
  const at = options.findIndex((option) => ours.test(option));
  if (at === -1) return;
  context.addIssue({ code: "custom", path: ["options", at], message: `${options[at]} is given by Godwit itself` });
});

const Adoption = z.strictObject({
  /** A virtiofsd that serves already, to be taken over as it is. */
  adopt: z.strictObject({
    /** By which its QEMU reaches it. */
    socket: z.string().max(107).regex(/^\//, "must be an absolute path"),
  }),
});
export type Adoption = z.infer<typeof Adoption>;

/** @throws {ConfigError} */
export function parseAdoption(input: unknown): Adoption {
  const parsed = Adoption.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  return parsed.data;
}

/** @throws {ConfigError} */
export function parseConfig(input: unknown, root: string | undefined): VirtiofsConfig {
  const parsed = Checked.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  resolvePath(parsed.data.path, root);
  return parsed.data;
}
