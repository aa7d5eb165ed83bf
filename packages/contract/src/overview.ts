import { z } from "zod";
import { Timestamp } from "./primitives.ts";

const count = z.int().nonnegative();

/** How much there is of everything, counted at one moment. */
export const Overview = z
  .object({
    at: Timestamp,
    queued: count.meta({ description: "migrations that wait" }),
    underWay: count.meta({ description: "migrations that have begun and not ended" }),
    ended: z
      .object({ since: Timestamp, completed: count, aborted: count, failed: count, lost: count })
      .meta({ description: "migrations that have ended in the last 24 hours" }),
    hosts: z.object({ connected: count, disconnected: count, fenced: count }),
    guests: count,
  })
  .meta({ id: "Overview" });
export type Overview = z.infer<typeof Overview>;
