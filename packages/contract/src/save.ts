import { z } from "zod";
import { BackendInfo, DeviceDefinition, Needs } from "./backend.ts";
import { Bytes, Epoch, Id, Ms, Name, Reference, Timestamp } from "./primitives.ts";

/** The format of a save's manifest that this version writes, and the only one that it reads. */
export const saveFormat = 1;
/** Of a manifest in bytes. */
export const manifestMaxBytes = 4 * 1024 * 1024;

/** A folder on a host, by its absolute path. */
export const Folder = z
  .string()
  .max(3_000)
  .regex(/^\/[^\p{Cc}]*[^/\p{Cc}]$/u, "an absolute path without control characters that does not end in /")
  .refine(
    (path) =>
      !path
        .split("/")
        .slice(1)
        .some((part) => part === "" || part === "." || part === ".."),
    "no empty part, and none that is . or ..",
  )
  .meta({ description: "the absolute path of a folder on the host" });
export type Folder = z.infer<typeof Folder>;

export const SaveGuest = z
  .strictObject({
    folder: Folder,
    limitMs: Ms.min(1_000).max(86_400_000).default(3_600_000).meta({
      description: "how long the guest may stand still for it; after that it goes on as if nobody had asked",
    }),
  })
  .meta({ id: "SaveGuest" });
export type SaveGuest = z.infer<typeof SaveGuest>;

export const RestoreGuest = z
  .strictObject({
    host: Reference,
    folder: Folder.optional().meta({ description: "where that host sees the save, if that is not where it was saved" }),
  })
  .meta({ id: "RestoreGuest" });
export type RestoreGuest = z.infer<typeof RestoreGuest>;

/** A guest's way into a folder, or out of one. */
export const GuestSave = z
  .object({
    id: Id,
    state: z.enum(["saving", "saved", "restoring", "failed"]).meta({
      description: "failed: it could not be saved, and runs on its host as before",
    }),
    host: Name.meta({ description: "the host whose folder it is; while restoring, the one that it is restored on" }),
    folder: z.string(),
    epoch: Epoch.meta({ description: "at which the guest is, or was to be, released into the folder" }),
    bytes: Bytes.optional(),
    since: Timestamp,
    failure: z.object({ code: z.string(), detail: z.string() }).optional().meta({
      description: "why it could not be saved, or why it could not be restored the last time",
    }),
  })
  .meta({ id: "GuestSave" });
export type GuestSave = z.infer<typeof GuestSave>;

const SavedFile = z.object({
  name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/),
  bytes: Bytes,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What a save's folder says of itself; each device's files are in a folder of the device's name beside it. */
export const SaveManifest = z.object({
  format: z.literal(saveFormat),
  id: Id,
  savedAt: Timestamp,
  host: Name,
  guest: z.object({ id: Id, name: Name }),
  epoch: Epoch,
  devices: z
    .array(
      z.object({
        definition: DeviceDefinition,
        backend: BackendInfo,
        sizeBytes: Bytes,
        needs: Needs.optional(),
        digest: z.string().max(256),
        files: z.array(SavedFile).max(64),
      }),
    )
    .min(1)
    .max(64),
});
export type SaveManifest = z.infer<typeof SaveManifest>;

/** The file `manifest.json`: the manifest and SHA-256 over its JSON, as it stands there. */
export const SealedManifest = z.object({ sha256: z.string(), manifest: z.unknown() });
export const ManifestFormat = z.object({ format: z.int().positive() });
