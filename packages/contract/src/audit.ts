import { z } from "zod";
import { ListQuery, listOf } from "./list.ts";
import { Id, Timestamp } from "./primitives.ts";

/** One request that was to change something, or that was refused since a scope was missing. No secret is in it. */
export const AuditRecord = z
  .object({
    id: Id,
    at: Timestamp.meta({ description: "when it was asked for" }),
    who: z.object({ id: z.string(), name: z.string() }).optional().meta({
      description: 'a token, or the dashboard\'s session ("session"); left out where nobody who is known asked',
    }),
    operation: z.string().meta({ description: 'the route, such as "POST /v1/hosts/{host}/fence"' }),
    target: z
      .object({
        type: z.string().meta({ description: '"host", "guest", "migration", …' }),
        id: z.string().optional(),
        name: z.string().optional().meta({ description: "of a migration: its guest's; of a drain: its host's" }),
      })
      .optional(),
    reason: z.string().optional().meta({ description: "where one was given" }),
    outcome: z
      .object({ status: z.int(), code: z.string().optional() })
      .optional()
      .meta({ description: "left out while it goes on; for good where the orchestrator died before it was written" }),
    requestId: z.string(),
  })
  .meta({ id: "AuditRecord" });
export type AuditRecord = z.infer<typeof AuditRecord>;

export const AuditList = listOf(AuditRecord, "AuditList");

const nameOrId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, "no control characters");

export const AuditQuery = ListQuery.extend({
  who: nameOrId.optional().meta({ description: "the name or the id of a token" }),
  target: nameOrId.optional().meta({ description: "the name or the id of what was to be changed" }),
  since: Timestamp.optional(),
});
