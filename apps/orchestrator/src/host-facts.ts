import { AbsentBackend, BackendInfo, Bytes, BytesPerSec, Endpoint, HostSlots } from "@godwit/contract";
import type { HostRecord } from "@godwit/store";
import { z } from "zod";

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
