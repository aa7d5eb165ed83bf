import {
  type AgentAnswer,
  CreateGuest,
  type DeviceStatus,
  Guest,
  GuestList,
  ListQuery,
  Reference,
  type Refusal,
} from "@godwit/contract";
import type { GuestRecord, Json, Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { AgentRefusal, AgentSilent } from "../agents/connection.ts";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { allHosts, pageOf } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import type { Runs } from "../runs/runs.ts";
import { asProblem, findGuest, findHost, migrationOf } from "../survey.ts";
import { allCleared, atRest, refuseBusy } from "../to-file/look.ts";
import type { Saves } from "../to-file/saves.ts";
import { patience } from "./patience.ts";
import { guestView } from "../views.ts";

const Nothing = z.null().meta({ description: "It is gone" });
export const GuestParams = z.object({ guest: Reference });
const Wait = z.strictObject({
  wait: z.coerce.number().min(0).max(60).default(0).meta({ description: "seconds" }),
});
const Filter = ListQuery.extend({ host: Reference.optional() });
/** Creating a guest may start programs of the user's. */
const createLimitMs = 60_000;

export interface GuestParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Saves;
  bus: Bus;
  clock: Clock;
}

export function guestRoutes(fastify: FastifyInstance, parts: GuestParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store } = parts;
  const tags = ["guests"];

  app.get(
    "/v1/guests",
    { schema: { tags, summary: "Guests, newest first", querystring: Filter, response: { 200: GuestList } } },
    async (request, reply) => {
      const { host } = request.query;
      const hostId = host === undefined ? undefined : (await findHost(store, host)).id;
      const names = await hostNames(store);
      return await pageOf(
        request,
        reply,
        (page) => store.guests.list(page, { hostId }),
        (guest) => show(parts, guest, names),
      );
    },
  );

  app.get(
    "/v1/guests/:guest",
    {
      schema: {
        tags,
        summary: "One guest, by name or id; waits until nobody saves or restores it where asked to",
        params: GuestParams,
        querystring: Wait,
        response: { 200: Guest },
      },
    },
    async (request) => {
      const { wait } = request.query;
      if (wait > 0) await atRest(parts, (await findGuest(store, request.params.guest)).id, patience(request, wait));
      return show(parts, await findGuest(store, request.params.guest), await hostNames(store));
    },
  );

  app.post(
    "/v1/guests",
    { schema: { tags, summary: "Create a guest on a host", body: CreateGuest, response: { 201: Guest } } },
    async (request, reply) => {
      const guest = await create(parts, request.body);
      return await reply
        .code(201)
        .header("location", `/v1/guests/${guest.id}`)
        .send(show(parts, guest, await hostNames(store)));
    },
  );

  app.delete(
    "/v1/guests/:guest",
    {
      schema: {
        tags,
        summary: "End a guest, or leave what Godwit has not started, and forget it",
        params: GuestParams,
        response: { 204: Nothing },
      },
    },
    async (request, reply) => {
      await allCleared(parts, await findGuest(store, request.params.guest));
      await remove(parts, await findGuest(store, request.params.guest));
      return await reply.code(204).send(null);
    },
  );
}

async function create(
  parts: GuestParts,
  { name, host: hostName, devices, keepApart: label }: CreateGuest,
): Promise<GuestRecord> {
  const { store, clock } = parts;
  const host = await findHost(store, hostName);
  if ((await store.guests.find(name)) !== undefined)
    throw new ProblemError("name-taken", `There is a guest "${name}" already.`);
  const id = uuidv7();
  const answer = await ask(parts, host, { ask: "createGuest", guestId: id, name, devices });
  const at = dateOf(clock.now());
  const guest: GuestRecord = {
    id,
    name,
    hostId: host.id,
    epoch: 1,
    state: "running",
    definitions: plain(answer.definitions ?? devices),
    devices: plain(answer.devices),
    keepApart: label,
    createdAt: at,
  };
  const sentence = `${name} was created on ${host.name}.`;
  const outcome = await store.guests.create(guest, [
    { type: "guest.created", at, guestId: id, hostId: host.id, sentence, data: { name } },
  ]);
  if (outcome === "name-taken") {
    await ask(parts, host, { ask: "removeGuest", guestId: id });
    throw new ProblemError("name-taken", `There is a guest "${name}" already.`);
  }
  parts.bus.tell("events");
  return guest;
}

async function remove(parts: GuestParts, guest: GuestRecord): Promise<void> {
  const { store, runs, saves, clock } = parts;
  const migrationId = migrationOf(runs, guest.id);
  if (migrationId !== undefined)
    throw new ProblemError("guest-busy", `${guest.name} is being moved by migration ${migrationId}.`);
  refuseBusy(saves.of(guest.id));
  const host = await findHost(store, guest.hostId);
  // Of a saved guest there is its folder, which is left; of a lost one there may be something on a host that can be asked.
  const isNowhere = guest.state === "saved" || (guest.state === "lost" && parts.agents.get(host.id) === undefined);
  if (!isNowhere) await ask(parts, host, { ask: "removeGuest", guestId: guest.id });
  const at = dateOf(clock.now());
  await store.guests.remove(guest.id, [
    {
      type: "guest.removed",
      at,
      guestId: guest.id,
      hostId: host.id,
      sentence: `${guest.name} was removed from ${host.name}.`,
      data: { name: guest.name },
    },
  ]);
  saves.forget(guest.id);
  parts.bus.tell("events");
}

type Creation = { ask: "createGuest"; guestId: string; name: string; devices: CreateGuest["devices"] };
type Removal = { ask: "removeGuest"; guestId: string };

async function ask(
  parts: GuestParts,
  host: { id: string; name: string },
  request: Creation,
): Promise<AgentAnswer<"createGuest">>;
async function ask(parts: GuestParts, host: { id: string; name: string }, request: Removal): Promise<object>;
async function ask(
  { agents }: GuestParts,
  host: { id: string; name: string },
  request: Creation | Removal,
): Promise<unknown> {
  const connection = agents.get(host.id);
  if (connection === undefined) throw new ProblemError("host-offline", `The agent of ${host.name} is not connected.`);
  try {
    return await connection.ask(request, createLimitMs);
  } catch (error) {
    if (error instanceof AgentSilent) throw new ProblemError("host-silent", error.message);
    if (!(error instanceof AgentRefusal)) throw error;
    throw refused(host.name, request, error.refusal);
  }
}

/** A fault in a device's configuration is pointed at in the request that brought it. */
function refused(host: string, request: Creation | Removal, { code, detail, device, pointer }: Refusal): ProblemError {
  const otherwise = request.ask === "createGuest" ? "create-failed" : "remove-failed";
  const index = request.ask === "createGuest" ? request.devices.findIndex(({ name }) => name === device) : -1;
  const errors =
    index < 0 || pointer === undefined ? {} : { errors: [{ pointer: `/devices/${index}/config${pointer}`, detail }] };
  return new ProblemError(asProblem(code, otherwise), `${host}: ${detail}`, errors);
}

export async function hostNames(store: Store): Promise<(id: string) => string> {
  const names = new Map((await allHosts(store)).map((host) => [host.id, host.name]));
  return (id) => names.get(id) ?? id;
}

export function show({ agents, runs, saves }: GuestParts, guest: GuestRecord, nameOf: (id: string) => string): Guest {
  return guestView(guest, {
    host: nameOf(guest.hostId),
    connected: agents.has(guest.hostId),
    migrationId: migrationOf(runs, guest.id),
    save: saves.of(guest.id),
  });
}

function plain(value: CreateGuest["devices"] | DeviceStatus[]): Json {
  return JSON.parse(JSON.stringify(value));
}
