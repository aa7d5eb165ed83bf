import { z } from "zod";
import { Id, Timestamp } from "./primitives.ts";

export const EventType = z.enum([
  "host.connected",
  "host.disconnected",
  "host.fenced",
  "host.fence-refused",
  "host.unfenced",
  "host.cordoned",
  "host.uncordoned",
  "host.paused",
  "host.resumed",
  "host.changed",
  "guest.created",
  "guest.changed",
  "guest.removed",
  "guest.lost",
  "guest.saving",
  "guest.saved",
  "guest.save-failed",
  "guest.restoring",
  "guest.restored",
  "guest.restore-failed",
  "guest.claim-refused",
  "migration.created",
  "migration.phase",
  "migration.verdict",
  "migration.decision",
  "migration.changed",
  "migration.share",
  "migration.message-refused",
  "drain.created",
  "drain.phase",
  "drain.guest",
  "drain.warning",
  "queue.paused",
  "queue.resumed",
  "policy.created",
  "policy.changed",
  "policy.removed",
  "token.created",
  "token.revoked",
  "webhook.created",
  "webhook.changed",
  "webhook.removed",
  "webhook.secret-rotated",
  "webhook.delivery-abandoned",
]);
export type EventType = z.infer<typeof EventType>;

/** Something that happened, kept. `cursor` is opaque; hand it back as `Last-Event-ID` or `?since=` to go on after it. */
export const Event = z
  .object({
    cursor: z.string(),
    type: EventType,
    at: Timestamp,
    migrationId: Id.optional(),
    guestId: Id.optional(),
    hostId: Id.optional(),
    sentence: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Event" });
export type Event = z.infer<typeof Event>;

/** What happened to one migration, the oldest first; `nextCursor` where there is more. */
export const History = z.object({ items: z.array(Event), nextCursor: z.string().optional() }).meta({ id: "History" });
export type History = z.infer<typeof History>;

export const HistoryQuery = z.strictObject({
  since: z.string().max(200).optional().meta({ description: "a cursor; without it from the first that is kept" }),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});
