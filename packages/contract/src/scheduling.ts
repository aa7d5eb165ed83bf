import { z } from "zod";
import { PlacementRule } from "./drain.ts";
import { BytesPerSec, Id, Instant, Name, Timestamp } from "./primitives.ts";

/** The four that have a name; any number between will do. Higher goes first. */
export const priorities = { "system-critical": 1000, drain: 750, user: 500, balancing: 250 } as const;
type PriorityName = keyof typeof priorities;
// Object.keys is typed as string[]; the table is a constant, so its keys are these.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const priorityNames = Object.keys(priorities) as [PriorityName, ...PriorityName[]];

export const Priority = z
  .union([z.enum(priorityNames), z.int().min(0).max(1000)])
  .meta({ id: "Priority", description: "1000, 750, 500 and 250 by name; higher goes first" });
export type Priority = z.infer<typeof Priority>;

/** From one instant to another, and again every `everyMs` if that is given. */
export const MaintenanceWindow = z
  .strictObject({
    opensAt: Instant,
    closesAt: Instant,
    everyMs: z
      .int()
      .min(60_000)
      .max(366 * 86_400_000)
      .optional()
      .meta({ description: "86400000 for every day" }),
  })
  .refine(({ opensAt, closesAt }) => Date.parse(closesAt) > Date.parse(opensAt), {
    message: "it must close after it opens",
    path: ["closesAt"],
  })
  .refine(({ opensAt, closesAt, everyMs = Infinity }) => Date.parse(closesAt) - Date.parse(opensAt) <= everyMs, {
    message: "it must close before it opens again",
    path: ["everyMs"],
  })
  .meta({ id: "MaintenanceWindow" });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/** What is asked of the planner. */
export const schedulingInput = {
  priority: Priority.optional().meta({ description: "`user` without it" }),
  notBefore: Instant.optional().meta({ description: "it is not to start earlier" }),
  deadline: Instant.optional().meta({
    description: "when it is to have ended; one that could not is refused, and one that has not by then is aborted",
  }),
  maintenanceWindows: z.array(MaintenanceWindow).max(50).optional().meta({
    description:
      "it starts and switches over only while one of them is open (the window of its limits is for the switchover alone)",
  }),
  keepApart: Name.optional().meta({
    description: "the label of the guests on whose hosts the planner does not place it; the guest's own without it",
  }),
  retry: z
    .boolean()
    .optional()
    .meta({ description: "after a failure it is tried again by itself, once something is better" }),
};
export const SchedulingInput = z.strictObject(schedulingInput);
export type SchedulingInput = z.infer<typeof SchedulingInput>;

/** A destination that is named is taken by no rule: whoever says both can only mean one of them. */
export const namedOrPlaced = {
  holds: ({ destination, placement }: { destination?: string | undefined; placement?: PlacementRule | undefined }) =>
    destination === undefined || placement === undefined,
  otherwise: { message: "it goes with no `destination`: where that is named nothing is placed", path: ["placement"] },
};

/** What a migration has of the links on its way. */
export const Share = z
  .object({
    guaranteedBytesPerSec: BytesPerSec.meta({ description: "it keeps that whatever else starts" }),
    bytesPerSec: BytesPerSec.optional().meta({ description: "what it may take now; absent: as much as there is" }),
    reservedBytesPerSec: BytesPerSec.optional().meta({ description: "what it would have in its switchover" }),
    sentence: z.string(),
  })
  .meta({ id: "Share" });
export type Share = z.infer<typeof Share>;

/** What was asked of the planner, as a migration shows it. */
export const schedulingView = {
  priority: z.int(),
  group: z.string().optional().meta({ description: "whose it is: within a priority, groups take turns" }),
  notBefore: Timestamp.optional(),
  deadline: Timestamp.optional(),
  maintenanceWindows: z.array(MaintenanceWindow).optional(),
  keepApart: Name.optional(),
  placement: PlacementRule.optional().meta({
    description: "the planner takes its destination; until then it may change",
  }),
  drainId: Id.optional().meta({ description: "the drain that it belongs to" }),
  retryOf: Id.optional().meta({ description: "the migration that failed before it" }),
  attempts: z.int().nonnegative().meta({ description: "those before it that failed" }),
  share: Share.optional().meta({ description: "of the links on its way, while it is under way" }),
};
