import { z } from "zod";
import { AbsentBackend, BackendInfo, DeviceDefinition, DeviceStatus } from "./backend.ts";
import { HostSlots } from "./host.ts";
import { Bytes, BytesPerSec, Endpoint, Epoch, Id, Name } from "./primitives.ts";

/** The subprotocol of the websocket between an agent and the orchestrator; JSON text frames. */
export const agentSubprotocol = "godwit.agent.v1";
/** No message is larger, in either direction. */
export const agentMessageMaxBytes = 1024 * 1024;

/** A guest that this host owns, by its journal. */
export const OwnedGuest = z.object({
  guestId: Id,
  name: Name,
  epoch: Epoch,
  state: z.enum(["running", "stopped"]),
  lost: z.string().max(4_000).optional().meta({ description: "why nothing of it that is there can run any more" }),
  definitions: z.array(DeviceDefinition),
  devices: z.array(DeviceStatus),
});
export type OwnedGuest = z.infer<typeof OwnedGuest>;

const folder = z.string().max(3_000).optional().meta({
  description: "where the guest is being saved, or restored from, if it is not on its way between hosts",
});

/** Where an agent's part in a migration stands; the states of the handover, by role. */
export const AttemptStatus = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("source"),
    migrationId: Id,
    guestId: Id,
    epoch: Epoch,
    at: z.enum(["owns", "freezing", "frozen", "released", "refused", "reclaimed"]),
    folder,
  }),
  z.object({
    role: z.literal("destination"),
    migrationId: Id,
    guestId: Id,
    epoch: Epoch,
    at: z.enum(["reserved", "loaded", "granted", "running", "revoked"]),
    folder,
  }),
]);
export type AttemptStatus = z.infer<typeof AttemptStatus>;

/** The first message on every connection: who this is and all that it holds. */
export const AgentHello = z.object({
  type: z.literal("hello"),
  name: Name,
  instance: Id.meta({ description: "new with each start of the process" }),
  agentVersion: z.string().max(64),
  peerEndpoint: Endpoint,
  serviceAddress: z.string().min(1).max(255),
  slots: HostSlots,
  linkBytesPerSec: BytesPerSec.optional(),
  freeBytes: Bytes,
  backends: z.array(BackendInfo).max(64),
  absentBackends: z.array(AbsentBackend).max(64).optional(),
  guests: z.array(OwnedGuest).max(10_000),
  attempts: z.array(AttemptStatus).max(10_000),
});
export type AgentHello = z.infer<typeof AgentHello>;
