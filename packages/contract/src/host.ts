import { z } from "zod";
import { BackendInfo } from "./backend.ts";
import { Bytes, BytesPerSec, Endpoint, Id, Name, Timestamp } from "./primitives.ts";
import { listOf } from "./list.ts";

/** How many migrations may leave or enter a host at a time. */
export const HostSlots = z.object({ outgoing: z.int().positive().max(1000), incoming: z.int().positive().max(1000) });
export type HostSlots = z.infer<typeof HostSlots>;

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
    linkBytesPerSec: BytesPerSec.optional().meta({ description: "the most that migrations may take of the link" }),
    freeBytes: Bytes.meta({ description: "memory left for guests" }),
    backends: z.array(BackendInfo),
    guests: z.int().nonnegative(),
    lastSeenAt: Timestamp,
    createdAt: Timestamp,
  })
  .meta({ id: "Host" });
export type Host = z.infer<typeof Host>;

export const HostList = listOf(Host, "HostList");
