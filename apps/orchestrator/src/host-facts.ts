import { AbsentBackend, BackendInfo, Bytes, BytesPerSec, Endpoint, HostSlots } from "@godwit/contract";
import type { HostRecord, LinkBudget } from "@godwit/store";
import { z } from "zod";
import type { ConnectedAgents } from "./agents/connected.ts";

/** What is kept of an agent's hello. */
export const HostFacts = z.object({
  agentVersion: z.string(),
  peerEndpoint: Endpoint,
  serviceAddress: z.string(),
  slots: HostSlots,
  linkBytesPerSec: BytesPerSec.optional(),
  freeBytes: Bytes,
  backends: z.array(BackendInfo),
  absentBackends: z.array(AbsentBackend).optional(),
});
export type HostFacts = z.infer<typeof HostFacts>;

export function factsOf(host: HostRecord): HostFacts {
  return HostFacts.parse(host.facts);
}

/** Memory that is left for guests, in bytes: as its agent said last, or as it was when the agent was last seen. */
export function freeBytesOf(host: HostRecord, agents: ConnectedAgents): number {
  return agents.get(host.id)?.freeBytes ?? factsOf(host).freeBytes;
}

/** What migrations may take of a host's link: what was set, and never more than its agent says. */
export function budgetOf(host: HostRecord): Record<keyof LinkBudget, number | undefined> {
  const { linkBytesPerSec } = factsOf(host);
  return {
    outBytesPerSec: least(host.linkBudget?.outBytesPerSec, linkBytesPerSec),
    inBytesPerSec: least(host.linkBudget?.inBytesPerSec, linkBytesPerSec),
  };
}

/** What the links allow between two hosts, where either says so. */
export function pathOf(source: HostRecord, destination: HostRecord): number | undefined {
  return least(budgetOf(source).outBytesPerSec, budgetOf(destination).inBytesPerSec);
}

function least(...figures: (number | undefined)[]): number | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
