import { DeviceDefinition, DeviceStatus, type Event, type Guest, type GuestSave, type Host } from "@godwit/contract";
import { assertNever, type SaveState } from "@godwit/core";
import type { EventRecord, GuestRecord, HostMark, HostRecord } from "@godwit/store";
import { z } from "zod";
import { dateOf } from "./clock.ts";
import { budgetOf, factsOf } from "./host-facts.ts";

/** Hosts, guests and events as the API shows them. */

export function hostView(
  host: HostRecord,
  seen: { heardAt: Date | undefined; freeBytes: number; guests: number },
): Host {
  return {
    id: host.id,
    name: host.name,
    ...standingOf(host, seen.heardAt !== undefined),
    cordoned: host.cordoned && markView(host.cordoned),
    paused: host.paused && markView(host.paused),
    ...factsOf(host),
    freeBytes: seen.freeBytes,
    linkBudget: budgetOf(host),
    guests: seen.guests,
    lastSeenAt: (seen.heardAt ?? host.lastSeenAt).toISOString(),
    createdAt: host.createdAt.toISOString(),
  };
}

function markView({ at, ...mark }: HostMark): NonNullable<Host["cordoned"]> {
  return { ...mark, at: at.toISOString() };
}

export function standingOf({ fenced }: HostRecord, connected: boolean): Pick<Host, "state" | "fenced"> {
  if (connected) return { state: "connected" };
  if (fenced === undefined) return { state: "disconnected" };
  const { at, by, reason } = fenced;
  return { state: "fenced", fenced: { at: at.toISOString(), by, reason } };
}

export function guestView(
  guest: GuestRecord,
  seen: { host: string; connected: boolean; migrationId: string | undefined; save: SaveState | undefined },
): Guest {
  return {
    id: guest.id,
    name: guest.name,
    host: seen.host,
    hostId: guest.hostId,
    epoch: guest.epoch,
    state: seen.connected || guest.state === "lost" || guest.state === "saved" ? guest.state : "unknown",
    migrationId: seen.migrationId,
    keepApart: guest.keepApart,
    save: seen.save === undefined ? undefined : saveView(seen.save),
    definitions: z.array(DeviceDefinition).parse(guest.definitions),
    devices: z.array(DeviceStatus).parse(guest.devices),
    createdAt: guest.createdAt.toISOString(),
  };
}

function saveView(state: SaveState): GuestSave | undefined {
  const since = dateOf(state.since).toISOString();
  switch (state.at) {
    case "saving":
    case "restoring": {
      const { id, at, host, folder, epoch } = state;
      return { id, state: at, host: host.name, folder, epoch, since };
    }
    case "saved": {
      const { id, host, folder, epoch, bytes } = state.save;
      return { id, state: "saved", host: host.name, folder, epoch, bytes, since, failure: state.failure };
    }
    case "over": {
      if (state.attempted === undefined) return undefined;
      const { id, host, folder, epoch, failure } = state.attempted;
      return { id, state: "failed", host: host.name, folder, epoch, since, failure };
    }
    default:
      return assertNever(state);
  }
}

export function eventView({
  cursor,
  type,
  at,
  migrationId,
  guestId,
  hostId,
  sentence,
  data,
}: EventRecord): Record<keyof Event, unknown> {
  return { cursor, type, at: at.toISOString(), migrationId, guestId, hostId, sentence, data };
}
