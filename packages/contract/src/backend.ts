import { z } from "zod";
import { Bytes, BytesPerSec, Endpoint, Ms, Name } from "./primitives.ts";

/** What a host can hold: one per kind of back end. */
export const BackendInfo = z
  .object({
    kind: z.string().min(1).max(128),
    version: z.string().max(64),
    format: z.object({ writes: z.int().positive(), reads: z.array(z.int().positive()).max(64) }),
    features: z.array(z.string().max(128)).max(64),
    can: z.object({
      precopy: z.boolean().optional(),
      switchoverAck: z.boolean().optional(),
      parallelStreams: z.int().positive().optional(),
      throttle: z.boolean().optional().meta({ description: "a device can be slowed down while it migrates" }),
      toFile: z.boolean().optional().meta({ description: "a device can be saved into a folder and restored from it" }),
    }),
  })
  .meta({ id: "BackendInfo" });
export type BackendInfo = z.infer<typeof BackendInfo>;

/** What the state of a device needs at the other side, by kind of thing: "machine type", "CPU flag". */
export const Needs = z
  .record(z.string().max(64), z.array(z.string().max(128)).max(1_024))
  .refine((needs) => Object.keys(needs).length <= 16, "at most 16 kinds");
export type Needs = z.infer<typeof Needs>;

/** A kind of back end that a host could have and does not, with why. */
export const AbsentBackend = z.object({ kind: z.string().min(1).max(128), reason: z.string().max(1_000) });
export type AbsentBackend = z.infer<typeof AbsentBackend>;

/** A device as it is defined: its configuration belongs to its back end. */
export const DeviceDefinition = z
  .strictObject({
    name: Name,
    kind: z.string().min(1).max(128),
    config: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: "DeviceDefinition" });
export type DeviceDefinition = z.infer<typeof DeviceDefinition>;

/** What is yet to move of a device. */
export const Pending = z
  .object({
    initialBytes: Bytes.meta({ description: "must have moved before a switchover is worth trying" }),
    precopyBytes: Bytes.meta({ description: "can move while the guest runs" }),
    stopcopyBytes: Bytes.meta({ description: "can move only once the guest is stopped" }),
    fixedMs: z
      .number()
      .nonnegative()
      .meta({ description: "the device's own time in the switchover, beyond moving bytes" }),
    saveMs: Ms.optional().meta({
      description: "the device's own time for saving or loading, while its bytes move",
    }),
    bytesPerSec: BytesPerSec.positive()
      .optional()
      .meta({ description: "the fastest at which the device itself can save or load its state" }),
    mayShrink: z.boolean().optional().meta({ description: "stopcopyBytes may still fall while the guest runs" }),
    carried: z.boolean().optional().meta({
      description: "its state goes in another device's stream, and its fixedMs adds to that one's",
    }),
  })
  .meta({ id: "Pending" });
export type Pending = z.infer<typeof Pending>;

/** How a guest has been written to, over all of its devices, as its host has watched it since it runs there. */
export const DirtyHistory = z
  .object({
    everyMs: Ms.meta({ description: "the time that one rate stands for" }),
    bytesPerSec: z.array(BytesPerSec).max(60).meta({
      description:
        "distinct bytes written in such a time, or in the longest part of it that was watched, per second; the oldest first",
    }),
    curve: z
      .array(
        z.object({
          overMs: Ms,
          bytes: Bytes,
          sdBytes: Bytes.optional().meta({ description: "the error of it, where it was seen by a sample (1 sd)" }),
        }),
      )
      .max(8)
      .meta({ description: "distinct bytes written within a part of the last such time, for growing parts" }),
  })
  .meta({ id: "DirtyHistory" });
export type DirtyHistory = z.infer<typeof DirtyHistory>;

/** A device on the host that owns its guest. */
export const DeviceStatus = z
  .object({ name: Name, kind: z.string(), sizeBytes: Bytes, endpoint: Endpoint.optional() })
  .meta({ id: "DeviceStatus" });
export type DeviceStatus = z.infer<typeof DeviceStatus>;
