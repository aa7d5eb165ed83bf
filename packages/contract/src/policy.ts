import { z } from "zod";
import { PolicySettings, LimitsPatch } from "./limits.ts";
import { listOf } from "./list.ts";
import { Id, Name, Timestamp } from "./primitives.ts";

/** Settings with a name, for many migrations. The `ETag` is its version. */
export const MigrationPolicy = z
  .object({
    id: Id,
    name: Name,
    builtIn: z.boolean().meta({ description: "there from the start, and not to be changed" }),
    settings: PolicySettings,
    version: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: "Policy" });
export type MigrationPolicy = z.infer<typeof MigrationPolicy>;

export const PolicyList = listOf(MigrationPolicy, "PolicyList");

export const CreatePolicy = z
  .strictObject({ name: Name, settings: PolicySettings.prefault({}) })
  .meta({ id: "CreatePolicy" });
export type CreatePolicy = z.infer<typeof CreatePolicy>;

/** A merge patch (RFC 7396). */
export const ChangePolicy = z
  .strictObject({ name: Name.optional(), settings: LimitsPatch.optional() })
  .meta({ id: "ChangePolicy" });
export type ChangePolicy = z.infer<typeof ChangePolicy>;
