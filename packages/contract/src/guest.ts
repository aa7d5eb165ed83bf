import { z } from "zod";
import { DeviceDefinition, DeviceStatus } from "./backend.ts";
import { Epoch, Id, Name, Reference, Timestamp } from "./primitives.ts";
import { listOf } from "./list.ts";
import { Folder, GuestSave } from "./save.ts";

/** What migrates as one: a set of devices, owned by one host at an epoch. */
export const Guest = z
  .object({
    id: Id,
    name: Name,
    host: Name,
    hostId: Id,
    epoch: Epoch,
    state: z.enum(["running", "stopped", "unknown", "lost", "saved"]).meta({
      description:
        "as its host last said; unknown while the host is disconnected; lost when nothing of it is left that could run, or its host was fenced, and no other has a whole copy; saved when it is in a folder and runs nowhere",
    }),
    migrationId: Id.optional().meta({ description: "the migration that has not ended yet" }),
    save: GuestSave.optional(),
    keepApart: Name.optional().meta({ description: "the planner keeps guests of one label on different hosts" }),
    definitions: z.array(DeviceDefinition),
    devices: z.array(DeviceStatus),
    createdAt: Timestamp,
  })
  .meta({ id: "Guest" });
export type Guest = z.infer<typeof Guest>;

export const GuestList = listOf(Guest, "GuestList");

export const CreateGuest = z
  .strictObject({
    name: Name,
    host: Reference,
    keepApart: Name.optional().meta({ description: "a label: the planner keeps guests of one on different hosts" }),
    devices: z
      .array(DeviceDefinition)
      .min(1)
      .max(64)
      .refine(
        (devices) => new Set(devices.map((device) => device.name)).size === devices.length,
        "device names must differ",
      ),
  })
  .meta({ id: "CreateGuest" });
export type CreateGuest = z.infer<typeof CreateGuest>;

/** A merge patch (RFC 7396): `null` takes the label away. */
export const ChangeGuest = z.strictObject({ keepApart: Name.nullable().optional() }).meta({ id: "ChangeGuest" });
export type ChangeGuest = z.infer<typeof ChangeGuest>;

/** A new guest that begins as another was when it was saved. The save stays what it is: its own guest may be restored from it all the same. */
export const CreateFromSave = z
  .strictObject({
    name: Name,
    host: Reference,
    restore: Folder.meta({ description: "a folder that the host sees, with a save of any guest" }),
  })
  .meta({ id: "CreateFromSave" });
export type CreateFromSave = z.infer<typeof CreateFromSave>;
