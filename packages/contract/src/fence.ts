import { z } from "zod";
import { Host } from "./host.ts";
import { Phase } from "./migration.ts";
import { Id, Name } from "./primitives.ts";

/** Somebody says that a host cannot run any guest. Its silence alone never says so. */
export const FenceHost = z
  .strictObject({
    reason: z
      .string()
      .min(1)
      .max(500)
      // PostgreSQL keeps no NUL, and a line of a log is one line.
      .regex(/^[^\p{Cc}]*$/u, "no control characters")
      .meta({ description: "how it is known that the host is dead" }),
    acceptOlderCopy: z.boolean().default(false).meta({
      description:
        "where the fenced side may have run the guest after the other side's copy was taken, run that older copy all the same: what was acknowledged since then is lost",
    }),
    yesItIsDead: z.boolean().default(false).meta({ description: "needed while the agent of the host is connected" }),
    runCommand: z.boolean().default(false).meta({
      description: "run the host's fencing command first: only its exit status 0 fences",
    }),
  })
  .meta({ id: "FenceHost" });
export type FenceHost = z.infer<typeof FenceHost>;

/** What became of a fenced host's migrations and guests, as far as it was settled at once. */
export const FenceResult = z
  .object({
    host: Host,
    migrations: z.array(z.object({ id: Id, guest: Name, phase: Phase })),
    lostGuests: z.array(Name),
  })
  .meta({ id: "FenceResult" });
export type FenceResult = z.infer<typeof FenceResult>;
