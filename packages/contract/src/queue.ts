import { z } from "zod";
import { BytesPerSec, Id, Name, Reason, Timestamp } from "./primitives.ts";

/** How many are taken, and of how many. */
export const Slots = z.object({ used: z.int().nonnegative(), of: z.int().nonnegative() }).meta({ id: "Slots" });
export type Slots = z.infer<typeof Slots>;

/** One that waits. */
export const QueueItem = z
  .object({
    position: z.int().positive().meta({ description: "in the order in which the planner looks at them" }),
    migrationId: Id,
    guest: Name,
    guestId: Id,
    source: Name,
    sourceId: Id,
    destination: Name.optional().meta({ description: "absent where the planner looks for one" }),
    destinationId: Id.optional(),
    priority: z.int(),
    group: z.string().optional().meta({ description: "whose it is: within a priority, groups take turns" }),
    askedAt: Timestamp,
    waitsFor: Reason.meta({ description: "with the figures" }),
    expectedStart: Timestamp.optional().meta({ description: "absent where no one can tell" }),
  })
  .meta({ id: "QueueItem" });
export type QueueItem = z.infer<typeof QueueItem>;

/** What waits, in its order, and what there is for it. */
export const Queue = z
  .object({
    at: Timestamp,
    paused: z
      .object({ at: Timestamp, by: z.string(), reason: z.string().optional() })
      .optional()
      .meta({ description: "nothing starts while it is there; what runs goes on" }),
    items: z.array(QueueItem),
    cluster: z.object({ preparing: Slots, moving: Slots }),
    hosts: z.array(z.object({ host: Name, hostId: Id, preparing: Slots, outgoing: Slots, incoming: Slots })),
  })
  .meta({ id: "Queue" });
export type Queue = z.infer<typeof Queue>;

export const PauseQueue = z
  .strictObject({ reason: z.string().trim().min(1).max(500).optional() })
  .meta({ id: "PauseQueue" });
export type PauseQueue = z.infer<typeof PauseQueue>;

/** What one migration has of a link. */
export const LinkFlow = z
  .object({
    migrationId: Id,
    guest: Name,
    stage: z.enum(["preparing", "moving", "switching"]),
    guaranteedBytesPerSec: BytesPerSec,
    grantedBytesPerSec: BytesPerSec.optional().meta({ description: "absent: as much as there is" }),
  })
  .meta({ id: "LinkFlow" });
export type LinkFlow = z.infer<typeof LinkFlow>;

/** One direction of a link, or the cluster as a whole. */
export const LinkLedger = z
  .object({
    budgetBytesPerSec: BytesPerSec.optional().meta({ description: "absent where nobody has said" }),
    guaranteedBytesPerSec: BytesPerSec,
    grantedBytesPerSec: BytesPerSec,
    migrations: z.array(LinkFlow),
  })
  .meta({ id: "LinkLedger" });
export type LinkLedger = z.infer<typeof LinkLedger>;

/** Who may take how much of which link at this moment. */
export const Ledger = z
  .object({
    at: Timestamp,
    cluster: LinkLedger,
    hosts: z.array(z.object({ host: Name, hostId: Id, outgoing: LinkLedger, incoming: LinkLedger })),
  })
  .meta({ id: "Ledger" });
export type Ledger = z.infer<typeof Ledger>;
