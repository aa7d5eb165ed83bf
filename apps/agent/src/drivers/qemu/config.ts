import { AbsolutePath, machineFields, Name, ShareTag } from "@godwit/contract";
import { z } from "zod";
import { configErrorOf } from "../config-error.ts";

export const streamsLimit = 8;

const Share = z.strictObject({
  /** The virtiofs device of the same guest whose process serves it. */
  device: Name,
  /** By which the guest mounts it. */
  tag: ShareTag,
  /** Where the arguments are whole: the character device by which QEMU reaches it. */
  chardev: z
    .string()
    .regex(/^[\w.-]{1,128}$/, "the id of a character device")
    .optional(),
});

const QemuConfig = z.strictObject({
  ...machineFields,
  shares: z.array(Share).max(16).default([]),
  /**
   * The arguments make the whole guest, as they do of one that was handed over: Godwit adds how it reaches QEMU and how QEMU reaches the
   * shares, and takes what else is said here for a description.
   */
  whole: z.boolean().optional(),
  /** How many streams its memory goes over side by side when it moves, each from a thread of QEMU's: where one does not fill the link. */
  streams: z.int().min(1).max(streamsLimit).default(1),
});
export type QemuConfig = z.infer<typeof QemuConfig>;

const Adoption = z.strictObject({
  /** A QEMU that runs already, to be taken over as it is. */
  adopt: z.strictObject({
    /** Its QMP socket, which nobody else is connected to. Everything else is asked for over it. */
    qmp: AbsolutePath,
  }),
  shares: z
    .array(Share.pick({ device: true, tag: true }))
    .max(16)
    .default([]),
});
export type Adoption = z.infer<typeof Adoption>;

/** Of ours, in any case. */
const ofProcess = ["-incoming", "-S", "-daemonize", "-pidfile"];
/** Of ours: the driver says them itself, and twice they would be something else. */
const taken = [...ofProcess, "-qmp", "-m", "-machine", "-M", "-accel", "-enable-kvm"];

/** The streams beside the one that tells of them; one alone carries everything. */
export function besideOf({ streams }: QemuConfig): number {
  return streams === 1 ? 0 : streams;
}

/** @throws {ConfigError} */
export function parseConfig(input: unknown): QemuConfig {
  const parsed = Checked.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  return parsed.data;
}

/** @throws {ConfigError} */
export function parseAdoption(input: unknown): Adoption {
  const parsed = Adoption.safeParse(input);
  if (!parsed.success) throw configErrorOf(parsed.error);
  return parsed.data;
}

const Checked = QemuConfig.superRefine(({ arguments: words, whole = false, shares, kernel }, context) => {
  const ours = whole ? ofProcess : taken;
  const at = words.findIndex((word) => ours.includes(word.replace(/^--/, "-")));
  const report = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
  if (at !== -1) report(["arguments", at], `${words[at]} is given by Godwit itself`);
  if (whole && kernel !== undefined) report(["kernel"], "is among the arguments where those are whole");
  for (const [index, { chardev }] of shares.entries()) {
    const path = ["shares", index, "chardev"];
    if (whole && chardev === undefined) report(path, "is needed where the arguments are whole");
    if (!whole && chardev !== undefined) report(path, "is Godwit's own unless the arguments are whole");
  }
});
