import { z } from "zod";
import { BackendInfo } from "./backend.ts";
import { Bytes, BytesPerSec, Endpoint, Id, Name, Timestamp } from "./primitives.ts";
import { listOf } from "./list.ts";

const slots = z.int().positive().max(1000);
/** How many migrations may leave or enter a host at a time, and how many of them may be in preparation. */
export const HostSlots = z.object({
  outgoing: slots,
  incoming: slots,
  preparing: slots.optional().meta({ description: "8 without it" }),
});
export type HostSlots = z.infer<typeof HostSlots>;

/** Why somebody does something to a host, in a line. */
const HostReason = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, "no control characters");

/** That somebody has set a host apart, since when and why. */
export const HostMark = z
  .object({
    at: Timestamp,
    by: z.string(),
    reason: z.string().optional(),
    drainId: Id.optional().meta({ description: "the drain that set it apart" }),
  })
  .meta({ id: "HostMark" });
export type HostMark = z.infer<typeof HostMark>;

/** To cordon a host or to pause it. */
export const MarkHost = z
  .strictObject({ reason: HostReason.optional().meta({ description: "for whoever looks at it later" }) })
  .meta({ id: "MarkHost" });
export type MarkHost = z.infer<typeof MarkHost>;

/** What all migrations from a host, and all to it, may take of its link. */
export const LinkBudget = z
  .object({ outBytesPerSec: BytesPerSec.optional(), inBytesPerSec: BytesPerSec.optional() })
  .meta({ id: "LinkBudget", description: "in a direction without a figure nobody has said" });
export type LinkBudget = z.infer<typeof LinkBudget>;

const budget = z.int().min(65_536).nullable().optional();

/** A merge patch (RFC 7396): `null` leaves it to what the host's agent says. */
export const ChangeHost = z
  .strictObject({
    linkBudget: z.strictObject({ outBytesPerSec: budget, inBytesPerSec: budget }).nullable().optional(),
  })
  .meta({ id: "ChangeHost" });
export type ChangeHost = z.infer<typeof ChangeHost>;

/** A machine with one agent. */
export const Host = z
  .object({
    id: Id,
    name: Name,
    state: z.enum(["connected", "disconnected", "fenced"]).meta({
      description: "fenced: not connected, and proven unable to run any guest until its agent says hello again",
    }),
    fenced: z
      .object({ at: Timestamp, by: z.string(), reason: z.string() })
      .optional()
      .meta({ description: "since when, at whose word and why" }),
    agentVersion: z.string(),
    peerEndpoint: Endpoint.meta({ description: "where other agents reach this one" }),
    serviceAddress: z.string().meta({ description: "where the devices on this host serve their clients" }),
    slots: HostSlots,
    cordoned: HostMark.optional().meta({ description: "no migration starts to it" }),
    paused: HostMark.optional().meta({ description: "no migration starts from it or to it" }),
    linkBytesPerSec: BytesPerSec.optional().meta({
      description: "the most that migrations may take of the link, as its agent says",
    }),
    linkBudget: LinkBudget.meta({ description: "what was set, and never more than its agent says" }),
    freeBytes: Bytes.meta({ description: "memory left for guests" }),
    backends: z.array(BackendInfo),
    guests: z.int().nonnegative(),
    lastSeenAt: Timestamp,
    createdAt: Timestamp,
  })
  .meta({ id: "Host" });
export type Host = z.infer<typeof Host>;

export const HostList = listOf(Host, "HostList");
