import type { AgentHello, OwnedGuest } from "@godwit/contract";
import { judgeClaim } from "@godwit/core";
import type { Fence, GuestRecord, HostRecord, Json, JsonObject, NewEvent, Store } from "@godwit/store";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { HostFacts } from "../host-facts.ts";
import type { Runs } from "../runs/runs.ts";
import type { Saves } from "../to-file/saves.ts";
import type { AgentConnection } from "./connection.ts";
import type { ConnectedAgents } from "./connected.ts";

export interface GreetingParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Pick<Saves, "greet">;
  bus: Bus;
  clock: Clock;
  reportEveryMs: number;
  log: Logger;
}

/**
 * A hello: the host is noted and not fenced any more, its guests are taken at its journal's word unless that has been overtaken, and
 * every migration learns where the agent stands.
 */
export async function greet(
  parts: GreetingParts,
  hello: AgentHello,
  connect: (hostId: string) => AgentConnection,
): Promise<AgentConnection> {
  const { store, agents, runs, saves, bus, clock } = parts;
  const at = dateOf(clock.now());
  const before = await store.hosts.find(hello.name);
  const host = await store.hosts.seen({ id: uuidv7(), name: hello.name, facts: plain(HostFacts.parse(hello)), at });
  const claims = await judgeClaims(parts, host.id, hello.guests, at);
  const connection = connect(host.id);
  const confirmed = claims.flatMap(({ guest, judgement }) => (judgement === "confirmed" ? guest.guestId : []));
  connection.send({ type: "welcome", hostId: host.id, reportEveryMs: parts.reportEveryMs, confirmed });
  agents.add(connection);
  for (const { guest, judgement, known } of claims) {
    if (judgement !== "overtaken" || known === undefined) continue;
    runs.refusals.claim(host.id, guest, known);
    connection.send({ type: "disown", guestId: guest.guestId, epoch: known.epoch });
  }
  await saves.greet(connection, await runs.greet(connection));
  const sentence = `The agent of ${host.name} connected.`;
  parts.log.info({ host: host.name }, sentence);
  await store.events.add([
    ...(before?.fenced === undefined ? [] : [unfenced(host, before.fenced, at)]),
    {
      type: "host.connected",
      at,
      hostId: host.id,
      sentence,
      data: { name: host.name, agentVersion: hello.agentVersion },
    },
  ]);
  bus.tell("events");
  bus.tell("schedule");
  return connection;
}

function unfenced({ id, name }: HostRecord, { by, reason }: Fence, at: Date): NewEvent {
  const sentence = `The agent of ${name} says hello again: the host is not fenced any more.`;
  return { type: "host.unfenced", at, hostId: id, sentence, data: { name, by, reason } };
}

export async function bye(
  { store, agents, bus, clock, log }: GreetingParts,
  connection: AgentConnection,
): Promise<void> {
  if (!agents.remove(connection)) return;
  connection.close("the connection was lost");
  const at = dateOf(clock.now());
  const { name } = connection.hello;
  log.warn({ host: name }, `The agent of ${name} is not connected any more.`);
  await store.hosts.touch([connection.hostId], at);
  await store.events.add([
    {
      type: "host.disconnected",
      at,
      hostId: connection.hostId,
      sentence: `The agent of ${name} is not connected any more.`,
      data: { name },
    },
  ]);
  bus.tell("events");
  bus.tell("schedule");
}

/** What an agent says of its guests between two hellos. */
export async function keepGuests(
  { store, clock, log }: GreetingParts,
  hostId: string,
  guests: AgentHello["guests"],
): Promise<void> {
  try {
    for (const guest of guests) await takeGuest(store, hostId, guest, dateOf(clock.now()));
  } catch (error) {
    log.warn(error, "the figures of guests could not be stored");
  }
}

/** H8: what becomes of each guest that the host says it owns; what it may run is taken at its word. */
async function judgeClaims(
  { store, runs }: GreetingParts,
  hostId: string,
  guests: AgentHello["guests"],
  at: Date,
): Promise<{ guest: OwnedGuest; judgement: ReturnType<typeof judgeClaim>; known: GuestRecord | undefined }[]> {
  const claims = [];
  for (const guest of guests) {
    const { guestId, epoch } = guest;
    const known = await store.guests.find(guestId);
    const judgement = judgeClaim({
      epoch,
      known: { epoch: known?.epoch ?? epoch, lost: known?.state === "lost" },
      mayRun: runs.mayRun(hostId, guestId),
    });
    if (judgement === "confirmed") await takeGuest(store, hostId, guest, at);
    claims.push({ guest, judgement, known });
  }
  return claims;
}

/** A guest that is not known here (the orchestrator lost its memory) is taken up again. */
async function takeGuest(store: Store, hostId: string, guest: AgentHello["guests"][number], at: Date): Promise<void> {
  const { guestId, name, epoch, lost } = guest;
  const state: GuestRecord["state"] = lost === undefined ? guest.state : "lost";
  const devices = plain(guest.devices);
  const known = await store.guests.find(guestId);
  if (known !== undefined) {
    const placed = await store.guests.place({ guestId, hostId, epoch, state, devices });
    if (placed && lost !== undefined && known.state !== "lost")
      await store.events.add([lossOf(known, hostId, lost, at)]);
    return;
  }
  const record = {
    id: guestId,
    name,
    hostId,
    epoch,
    state,
    definitions: plain(guest.definitions),
    devices,
    createdAt: at,
  };
  const event = {
    type: "guest.created",
    at,
    guestId,
    hostId,
    sentence: `${name} was found on ${hostId}.`,
    data: { name },
  };
  await store.guests.create(record, [event]);
}

function lossOf({ id: guestId, name }: GuestRecord, hostId: string, why: string, at: Date): NewEvent {
  return { type: "guest.lost", at, guestId, hostId, sentence: `${name} is lost: ${why}.`, data: { name } };
}

function plain(value: HostFacts): JsonObject;
function plain(value: unknown[]): Json;
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
