import { DeviceDefinition, DeviceStatus, type Guest, type Host } from "@godwit/contract";
import type { GuestRecord, HostRecord } from "@godwit/store";
import { z } from "zod";
import { factsOf } from "./host-facts.ts";

/** Hosts and guests as the API shows them. */

export function hostView(host: HostRecord, seen: { heardAt: Date | undefined; guests: number }): Host {
  return {
    id: host.id,
    name: host.name,
    ...standingOf(host, seen.heardAt !== undefined),
    ...factsOf(host),
    guests: seen.guests,
    lastSeenAt: (seen.heardAt ?? host.lastSeenAt).toISOString(),
    createdAt: host.createdAt.toISOString(),
  };
}

function standingOf({ fenced }: HostRecord, connected: boolean): Pick<Host, "state" | "fenced"> {
  if (connected) return { state: "connected" };
  if (fenced === undefined) return { state: "disconnected" };
  const { at, by, reason } = fenced;
  return { state: "fenced", fenced: { at: at.toISOString(), by, reason } };
}

export function guestView(
  guest: GuestRecord,
  seen: { host: string; connected: boolean; migrationId: string | undefined },
): Guest {
  return {
    id: guest.id,
    name: guest.name,
    host: seen.host,
    hostId: guest.hostId,
    epoch: guest.epoch,
    state: seen.connected || guest.state === "lost" ? guest.state : "unknown",
    migrationId: seen.migrationId,
    definitions: z.array(DeviceDefinition).parse(guest.definitions),
    devices: z.array(DeviceStatus).parse(guest.devices),
    createdAt: guest.createdAt.toISOString(),
  };
}
