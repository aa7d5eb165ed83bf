import { type LinkLedger, Ledger, PauseQueue, Queue } from "@godwit/contract";
import { grantedOf, type LinkUse, linksInUse, type QueuedMove, slotsInUse } from "@godwit/core";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import type { Runs } from "../runs/runs.ts";
import type { Planned, Scheduler } from "../schedule/scheduler.ts";
import { nameOf } from "./auth.ts";

export interface QueueParts {
  store: Store;
  runs: Runs;
  scheduler: Scheduler;
  bus: Bus;
  clock: Clock;
}

const tags = ["queue"];
const showing = { tags, summary: "What waits, in its order, with what for and until when", response: { 200: Queue } };
const accounting = { tags, summary: "Who may take how much of which link", response: { 200: Ledger } };
const pausing = {
  tags,
  summary: "Start nothing until it is resumed; what runs goes on",
  body: PauseQueue.nullish(),
  response: { 200: Queue },
};
const resuming = { tags, summary: "Start again what may", response: { 200: Queue } };

export function queueRoutes(fastify: FastifyInstance, parts: QueueParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, bus, scheduler } = parts;
  const show = async () => queueView(await scheduler.planned(), parts);

  app.get("/v1/queue", { schema: showing }, show);
  app.get("/v1/ledger", { schema: accounting }, async () => ledgerView(await scheduler.planned(), parts));

  app.post("/v1/queue/pause", { schema: pausing }, async (request) => {
    const { reason } = PauseQueue.parse(request.body ?? {});
    const [by, at] = [nameOf(request), dateOf(parts.clock.now())];
    const sentence = `${by} paused the queue${reason === undefined ? "" : `: ${reason}`}`.replace(/\.?$/, ".");
    const event = { type: "queue.paused", at, sentence, data: { by, ...(reason !== undefined && { reason }) } };
    if (await store.queue.pause({ at, by, reason }, [event])) tell(bus);
    return await show();
  });

  app.post("/v1/queue/resume", { schema: resuming }, async (request) => {
    const [by, at] = [nameOf(request), dateOf(parts.clock.now())];
    const event = { type: "queue.resumed", at, sentence: `${by} resumed the queue.`, data: { by } };
    if (await store.queue.resume([event])) tell(bus);
    return await show();
  });
}

function tell(bus: Bus): void {
  bus.tell("events");
  bus.tell("schedule");
}

function queueView({ now, picture, decisions }: Planned, { runs }: QueueParts): Queue {
  const { fleet, paused } = picture;
  const { cluster, hosts } = slotsInUse(fleet);
  const moves = new Map(fleet.queued.map((move) => [move.id, move]));
  const items = decisions.flatMap((decision) => {
    const move = moves.get(decision.migrationId);
    const state = runs.get(decision.migrationId)?.state;
    if (move === undefined || state === undefined) return [];
    const expectedStartAt = decision.kind === "wait" ? decision.expectedStartAt : undefined;
    const waitsFor =
      decision.kind === "wait" ? decision.waitsFor : "because" in decision ? decision.because : undefined;
    if (waitsFor === undefined) return [];
    const { guest, source, destination } = state.facts;
    return [
      {
        migrationId: move.id,
        guest: guest.name,
        guestId: guest.id,
        source: source.name,
        sourceId: source.id,
        ...(move.destinationId !== undefined && { destination: destination.name, destinationId: destination.id }),
        priority: move.priority,
        group: groupOf(move),
        askedAt: stamp(move.askedAt),
        waitsFor,
        expectedStart: expectedStartAt === undefined ? undefined : stamp(expectedStartAt),
      },
    ];
  });
  return {
    at: stamp(now),
    paused: paused && { ...paused, at: paused.at.toISOString() },
    items: items.map((item, index) => ({ position: index + 1, ...item })),
    cluster,
    hosts: hosts.map(({ id, name, ...counts }) => ({ host: name, hostId: id, ...counts })),
  };
}

function ledgerView({ now, picture }: Planned, { runs }: QueueParts): Ledger {
  const stateOf = (id: string) => runs.get(id)?.state;
  const { cluster, hosts } = linksInUse(picture.fleet, (id) => {
    const state = stateOf(id);
    return state && grantedOf(state);
  });
  const view = ({ flows, budgetBytesPerSec, ...sums }: LinkUse): LinkLedger => ({
    budgetBytesPerSec,
    ...sums,
    migrations: flows.map((flow) => ({ ...flow, guest: stateOf(flow.migrationId)?.facts.guest.name ?? "" })),
  });
  return {
    at: stamp(now),
    cluster: view(cluster),
    hosts: hosts.map(({ id, name, outgoing, incoming }) => ({
      host: name,
      hostId: id,
      outgoing: view(outgoing),
      incoming: view(incoming),
    })),
  };
}

function groupOf({ group }: QueuedMove): string | undefined {
  return group === "" ? undefined : group;
}

function stamp(ms: number): string {
  return dateOf(ms).toISOString();
}
