import { Name } from "@godwit/contract";
import { z } from "zod";
import { configErrorOf } from "../config-error.ts";

const absolutePath = z
  .string()
  .max(3_000)
  .regex(/^\//, "must be an absolute path")
  .refine((path) => !path.includes("\0"), "must not contain a NUL character");

const Share = z.strictObject({
  /** The virtiofs device of the same guest whose process serves it. */
  device: Name,
  /** By which the guest mounts it. */
  tag: z.string().min(1).max(36),
});

const QemuConfig = z.strictObject({
  /** From 16 MiB to 4 TiB. */
  memoryMib: z.int().min(16).max(4_194_304),
  cpus: z.int().min(1).max(1_024).default(1),
  accelerator: z.enum(["kvm", "tcg"]).default("kvm"),
  /** A machine type of QEMU's, best with its version: what "q35" means differs between releases. */
  machine: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "the name of a machine type, without its options")
    .default("q35"),
  /** A CPU model of QEMU's with its flags, the same on both sides. */
  cpu: z.string().min(1).max(1_000).optional(),
  kernel: z
    .strictObject({ image: absolutePath, initramfs: absolutePath, commandLine: z.string().max(2_000).default("") })
    .optional(),
  shares: z.array(Share).max(16).default([]),
  /** Further arguments of QEMU as they are: disks, networks and whatever else the guest has. */
  arguments: z.array(z.string().max(4_000)).max(256).default([]),
  /** A file that a guest was migrated to: with it the guest begins as it was then, instead of booting. */
  restore: absolutePath.optional(),
});
export type QemuConfig = z.infer<typeof QemuConfig>;

/** Of ours: the driver says them itself, and twice they would be something else. */
const taken = ["-incoming", "-S", "-qmp", "-daemonize", "-pidfile", "-m", "-machine", "-M", "-accel", "-enable-kvm"];

/** @throws {ConfigError} */
export function parseConfig(input: unknown): QemuConfig {
  const parsed = Checked.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  return parsed.data;
}

const Checked = QemuConfig.superRefine(({ arguments: words }, context) => {
  const at = words.findIndex((word) => taken.includes(word.replace(/^--/, "-")));
  if (at === -1) return;
  const message = `${words[at]} is given by Godwit itself`;
  context.addIssue({ code: "custom", path: ["arguments", at], message });
});
