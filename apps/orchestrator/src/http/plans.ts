import { CreatePlan, Id, type Limits, Plan, PlanSet } from "@godwit/contract";
import { type Assignment, foreseenRemedies, type Means, queued, type QueuedMove, queuedMoveOf } from "@godwit/core";
import type { JsonObject, Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { type Clock, dateOf } from "../clock.ts";
import { guestsOf, placed } from "../drains/placing.ts";
import { obstacleView } from "../drains/view.ts";
import { pathOf } from "../host-facts.ts";
import { learntOf } from "../learnt.ts";
import { outlookView } from "../outlook.ts";
import { limitsBy } from "../policies.ts";
import { ProblemError } from "../problem.ts";
import { schedulingBy } from "../schedule/asked.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import { backEndsOf, factsFor, type Wanted } from "../runs/under-way.ts";
import { survey, type Survey, type SurveyParts } from "../survey.ts";

const validMs = 15 * 60_000;

/** What a plan rests on: where one of these has changed it is stale. */
const Stored = z.object({ plan: Plan, epoch: z.int() });

const planning = {
  tags: ["plans"],
  summary: "What a migration would do, or those of several guests; moves nothing",
  body: CreatePlan,
  response: { 201: z.union([Plan, PlanSet]) },
};

export interface PlanParts extends SurveyParts {
  store: Store;
  clock: Clock;
  scheduler: Scheduler;
}

export function planRoutes(fastify: FastifyInstance, parts: PlanParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, clock } = parts;
  const tags = ["plans"];

  app.post("/v1/plans", { schema: planning }, async (request, reply) => {
    const { guest, destination, policy, limits } = request.body;
    if (guest === undefined) return await reply.code(201).send(await planAll(parts, request.body));
    const wanted = await limitsBy(store, policy, limits);
    const plan = await planOne(
      parts,
      guest,
      destination ?? (await placeFor(parts, request.body, wanted.limits)),
      wanted,
    );
    return await reply.code(201).header("location", `/v1/plans/${plan.id}`).send(plan);
  });

  app.get(
    "/v1/plans/:id",
    { schema: { tags, summary: "One plan", params: z.object({ id: Id }), response: { 200: Plan } } },
    async (request) => {
      return (await storedPlan(store, request.params.id, clock)).plan;
    },
  );
}

type Chosen = Awaited<ReturnType<typeof limitsBy>>;

/** A plan of one guest, kept so that it can be carried out. */
async function planOne(parts: PlanParts, guest: string, destination: string, wanted: Chosen): Promise<Plan> {
  const found = await survey(parts, { guest, destination });
  const plan = await planOf(parts, found, wanted);
  const body = plain({ plan, epoch: found.guest.epoch });
  const [createdAt, expiresAt] = [new Date(plan.createdAt), new Date(plan.expiresAt)];
  await parts.store.plans.save({ id: plan.id, body, createdAt, expiresAt });
  return plan;
}

/** The host that one guest would be placed on. @throws {ProblemError} where something stands against each. */
async function placeFor(parts: PlanParts, wanted: CreatePlan, limits: Limits): Promise<string> {
  const guests = await guestsOf(parts, wanted);
  const [place] = [...(await placed(parts, guests, wanted.placement, limits)).values()];
  if (place !== undefined && place.kind !== "blocked") return place.destination.id;
  const detail = place === undefined ? "There is no such guest any more." : `${place.because.sentence} ${place.remedy}`;
  throw new ProblemError("no-destination", detail);
}

/** One after the other: each asks two agents. */
async function planAll(parts: PlanParts, asked: CreatePlan): Promise<PlanSet> {
  const wanted = await limitsBy(parts.store, asked.policy, asked.limits);
  const guests = await guestsOf(parts, asked);
  const places =
    asked.destination === undefined
      ? await placed(parts, guests, asked.placement, wanted.limits)
      : new Map<string, Assignment>();
  const set: PlanSet = { plans: [], unplaced: [] };
  for (const { id, name } of guests) {
    const place = places.get(id);
    if (place?.kind === "blocked") set.unplaced.push(unplaced({ id, name }, place));
    else set.plans.push(await planOne(parts, id, place?.destination.id ?? asked.destination ?? "", wanted));
  }
  return set;
}

function unplaced(
  { id, name }: { id: string; name: string },
  { because, remedy, obstacles }: Assignment & { kind: "blocked" },
): PlanSet["unplaced"][number] {
  return { guest: name, guestId: id, reason: because, remedy, obstacles: obstacles.map(obstacleView) };
}

/** What a plan is to carry out, if it still holds. */
export async function wantedByPlan(
  store: Store,
  planId: string,
  clock: Clock,
): Promise<Omit<Wanted, "by" | "schedule">> {
  const { plan, epoch } = await storedPlan(store, planId, clock);
  const guest = await store.guests.find(plan.guestId);
  if (guest === undefined || guest.hostId !== plan.sourceId || guest.epoch !== epoch) {
    throw new ProblemError("plan-stale", `${plan.guest} is not where it was when the plan was made; make a new one.`);
  }
  const { guestId, destinationId, policy, limits } = plan;
  return { guest: guestId, destination: destinationId, planned: { policy, limits }, limits: {} };
}

async function storedPlan(store: Store, id: string, clock: Clock): Promise<z.infer<typeof Stored>> {
  const record = await store.plans.find(id);
  if (record === undefined)
    throw new ProblemError("unknown-plan", `There is no plan ${id}; plans are kept for ${validMs / 60_000} minutes.`);
  if (record.expiresAt.getTime() < clock.now())
    throw new ProblemError("plan-stale", "The plan has expired; make a new one.");
  const stored = Stored.safeParse(record.body);
  if (!stored.success) throw new ProblemError("plan-stale", "The plan was made by another version; make a new one.");
  return stored.data;
}

async function planOf(
  { store, clock, scheduler }: PlanParts,
  found: Survey,
  { policy, limits }: { policy: string; limits: Limits },
): Promise<Plan> {
  const { guest, source, destination, checks, peers } = found;
  const now = clock.now();
  const learned = await learntOf(store, { sourceId: source.id, destinationId: destination.id }, backEndsOf(found));
  const possible = checks.every((check) => check.ok);
  const outlook = possible ? outlookView(found, learned, limits) : undefined;
  const linkBytesPerSec = pathOf(source, destination);
  const rates = [linkBytesPerSec, limits.bandwidthBytesPerSec].filter((rate) => rate !== undefined);
  const bandwidthBytesPerSec = rates.length === 0 ? undefined : Math.min(...rates);
  const sizeBytes = peers.reduce((sum, peer) => sum + peer.sizeBytes, 0);
  return {
    id: uuidv7(),
    guest: guest.name,
    guestId: guest.id,
    source: source.name,
    sourceId: source.id,
    destination: destination.name,
    destinationId: destination.id,
    policy,
    limits,
    possible,
    checks,
    sizeBytes,
    bandwidthBytesPerSec,
    firstPassMs:
      possible && bandwidthBytesPerSec !== undefined
        ? Math.round((sizeBytes / bandwidthBytesPerSec) * 1000)
        : undefined,
    predictedDowntimeMs: middleOf(outlook?.predictedDowntimeRangeMs),
    outlook,
    remedies: foreseenRemedies(limits, meansOf(found, linkBytesPerSec)),
    learned,
    waitsFor: possible ? await scheduler.wouldWaitFor(candidateOf(found, limits, now)) : undefined,
    createdAt: dateOf(now).toISOString(),
    expiresAt: dateOf(now + validMs).toISOString(),
  };
}

function meansOf({ definitions, peers }: Survey, linkBytesPerSec: number | undefined): Means {
  const devices = definitions.map(({ name, kind }) => {
    const peer = peers.find((each) => each.name === name);
    return { name, kind, canThrottle: peer?.backend.can.throttle === true };
  });
  return { devices, linkBytesPerSec };
}

/** As it would stand in the queue if it were asked for now, by nobody in particular. */
function candidateOf(found: Survey, limits: Limits, now: number): QueuedMove {
  const scheduling = schedulingBy({ group: "" }, found, now);
  return queuedMoveOf(queued({ ...factsFor(found, now), scheduling }, limits), "");
}

function middleOf(range: [number, number] | undefined): number | undefined {
  return range === undefined ? undefined : Math.round(5 * (range[0] + range[1])) / 10;
}

function plain(value: z.infer<typeof Stored>): JsonObject {
  return JSON.parse(JSON.stringify(value));
}
