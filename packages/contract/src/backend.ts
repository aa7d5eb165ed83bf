import { z } from "zod";
import { Bytes, Endpoint, Name } from "./primitives.ts";

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
    }),
  })
  .meta({ id: "BackendInfo" });
export type BackendInfo = z.infer<typeof BackendInfo>;

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
  })
  .meta({ id: "Pending" });
export type Pending = z.infer<typeof Pending>;

/** A device on the host that owns its guest. */
export const DeviceStatus = z
  .object({ name: Name, kind: z.string(), sizeBytes: Bytes, endpoint: Endpoint.optional() })
  .meta({ id: "DeviceStatus" });
export type DeviceStatus = z.infer<typeof DeviceStatus>;
