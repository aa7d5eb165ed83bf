import { DeviceDefinition, DeviceStatus, type Guest, type Host } from "@godwit/contract";
import type { GuestRecord, HostRecord } from "@godwit/store";
import { z } from "zod";
import { factsOf } from "./host-facts.ts";

/** Hosts and guests as the API shows them. */

export function hostView(host: HostRecord, seen: { heardAt: Date | undefined; guests: number }): Host {
  return {
    id: host.id,
    name: host.name,
    state: seen.heardAt === undefined ? "disconnected" : "connected",
    ...factsOf(host),
    guests: seen.guests,
    lastSeenAt: (seen.heardAt ?? host.lastSeenAt).toISOString(),
    createdAt: host.createdAt.toISOString(),
  };
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
    state: seen.connected ? guest.state : "unknown",
    migrationId: seen.migrationId,
    definitions: z.array(DeviceDefinition).parse(guest.definitions),
    devices: z.array(DeviceStatus).parse(guest.devices),
    createdAt: guest.createdAt.toISOString(),
  };
}
