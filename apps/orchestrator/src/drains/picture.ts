import {
  type Drain,
  type DrainedGuest,
  type DrainHost,
  type DrainMigration,
  type DrainPicture,
  isEnded,
  isUnderWay,
  type Migration,
  schedulingOf,
} from "@godwit/core";
import { DeviceStatus } from "@godwit/contract";
import type { GuestRecord, HostRecord, Store } from "@godwit/store";
import { z } from "zod";
import type { ConnectedAgents } from "../agents/connected.ts";
import { budgetOf, factsOf, freeBytesOf } from "../host-facts.ts";
import { allHosts, guestsOn } from "../pages.ts";
import { type Runs, stateOf } from "../runs/runs.ts";
import type { Saves } from "../to-file/saves.ts";

/** For so long an agent that is not connected is waited for. */
const awayMs = 60_000;

export interface PictureParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Saves;
  absences: Absences;
}

/** Since when agents have been missed, by their host. */
export class Absences {
  readonly #since = new Map<string, number>();

  isShort(hostId: string, isConnected: boolean, now: number): boolean {
    if (isConnected) this.#since.delete(hostId);
    else if (!this.#since.has(hostId)) this.#since.set(hostId, now);
    return !isConnected && now - (this.#since.get(hostId) ?? now) < awayMs;
  }
}

/** All that a drain looks at but for its surveys. Migrations first: a guest's place is then at least as new as its migration's end. */
export async function takePicture(
  parts: PictureParts,
  drain: Drain,
  now: number,
): Promise<Omit<DrainPicture, "surveys" | "downtimeLimitMs">> {
  const { store, runs } = parts;
  const moving = drain.guests.flatMap(({ stands }) => (stands.at === "moving" ? stands.migrationId : []));
  const known = await Promise.all(moving.map(async (id) => await migrationBy(parts, id)));
  const active = runs.all().map(({ state }) => state);
  const migrations = new Map([...active, ...known.flat()].map((state) => [state.facts.id, state]));
  const guests = await guestsOf(parts, drain);
  const coming = await comingTo(store, active, new Map(guests.map((guest) => [guest.id, guest])));
  const labels = await store.guests.labelsByHost();
  const hosts = await allHosts(store);
  const roomOn = ({ id }: HostRecord): Room => {
    const { bytes, keepApart } = coming.get(id) ?? nothing;
    return { bytes, keepApart: [...(labels.get(id) ?? []), ...keepApart] };
  };
  return {
    hosts: hosts.map((host) => hostOf(host, parts, drain, roomOn(host), now)),
    guests: guests.map((guest) => guestOf(guest, parts)),
    migrations: [...migrations.values()].map(migrationOf),
  };
}

/** What takes room on a host: memory that is not used yet, and the labels that keep other guests away. */
interface Room {
  bytes: number;
  keepApart: string[];
}

const nothing: Room = { bytes: 0, keepApart: [] };

/** What migrations that have not ended are to bring, by the host that they go to. */
async function comingTo(
  store: Store,
  active: Migration[],
  known: ReadonlyMap<string, GuestRecord>,
): Promise<Map<string, Room>> {
  const coming = new Map<string, Room>();
  for (const { facts } of active.filter((state) => !isEnded(state))) {
    const guest = known.get(facts.guest.id) ?? (await store.guests.find(facts.guest.id));
    const before = coming.get(facts.destination.id) ?? nothing;
    coming.set(facts.destination.id, {
      bytes: before.bytes + (guest === undefined ? 0 : sizeOf(guest)),
      keepApart: [...before.keepApart, schedulingOf(facts).keepApart ?? []].flat(),
    });
  }
  return coming;
}

async function migrationBy({ runs, store }: PictureParts, id: string): Promise<Migration[]> {
  const run = runs.get(id);
  if (run !== undefined) return [run.state];
  const record = await store.migrations.find(id);
  return record === undefined ? [] : [stateOf(record)];
}

/** Those on the host, and those of the drain that are still to go, wherever they are; those that have gone are taken at its word. */
async function guestsOf({ store }: PictureParts, drain: Drain): Promise<GuestRecord[]> {
  const there = await guestsOn(store, drain.facts.host.id);
  const seen = new Set(there.map(({ id }) => id));
  const others = drain.guests.filter(({ guest }) => !seen.has(guest.id));
  const found = await Promise.all(others.map(async ({ guest }) => (await store.guests.find(guest.id)) ?? []));
  return [...there, ...found.flat()];
}

function hostOf(
  host: HostRecord,
  { agents, absences }: PictureParts,
  { facts, leg }: Drain,
  coming: Room,
  now: number,
): DrainHost {
  const { slots } = factsOf(host);
  const { outBytesPerSec, inBytesPerSec } = budgetOf(host);
  const connected = agents.has(host.id);
  const isComeBackTo = leg === "back" && host.id === facts.host.id;
  return {
    id: host.id,
    name: host.name,
    connected,
    away: absences.isShort(host.id, connected, now),
    cordoned: host.cordoned !== undefined && !isComeBackTo,
    cordonedByIt: host.cordoned?.drainId === facts.id,
    paused: host.paused !== undefined,
    outgoingSlots: slots.outgoing,
    incomingSlots: slots.incoming,
    freeBytes: freeBytesOf(host, agents) - coming.bytes,
    outBytesPerSec,
    inBytesPerSec,
    keepsApart: coming.keepApart,
  };
}

function guestOf(guest: GuestRecord, { saves }: PictureParts): DrainedGuest {
  const { id, name, hostId, state, keepApart } = guest;
  return { id, name, hostId, state, sizeBytes: sizeOf(guest), keepApart, busy: isUnderWay(saves.of(id)) };
}

function sizeOf({ devices }: GuestRecord): number {
  const known = z.array(DeviceStatus).parse(devices);
  return known.reduce((sum, device) => sum + device.sizeBytes, 0);
}

function migrationOf(state: Migration): DrainMigration {
  const { facts, course } = state;
  return {
    id: facts.id,
    guestId: facts.guest.id,
    destination: facts.destination,
    stage: stageOf(state),
    startedAt: course.startedAt,
    endedAt: isEnded(state) ? state.endedAt : undefined,
    downtimeMs: isEnded(state) ? state.downtimeMs : undefined,
    code: isEnded(state) ? state.reason.code : "",
    sentence: isEnded(state) ? state.reason.sentence : "",
  };
}

function stageOf(state: Migration): DrainMigration["stage"] {
  if (!isEnded(state)) return state.phase === "queued" ? "queued" : "underWay";
  return state.phase === "completed" ? "completed" : "notCompleted";
}
