import { AskSwitchover, ChangeMigration, HoldMigration, Id, Migration } from "@godwit/contract";
import {
  awaitsAcceptance,
  differences,
  isEnded,
  type Migration as State,
  type MigrationEvent,
  withChange,
} from "@godwit/core";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { ProblemError } from "../problem.ts";
import { current, type MigrationParts } from "../runs/under-way.ts";
import { viewOf } from "../runs/view.ts";
import { nameOf } from "./auth.ts";
import { tagged } from "./etag.ts";

const tags = ["migrations"];
const Params = z.object({ id: Id });
const changing = {
  tags,
  summary: "Change its limits until the switchover begins (merge patch)",
  params: Params,
  body: ChangeMigration,
  response: { 200: Migration },
};
const switching = {
  tags,
  summary: "Switch over whatever the limit: at once, or at the next low of the predicted downtime",
  params: Params,
  body: AskSwitchover.nullish(),
  response: { 202: Migration },
};
const holding = {
  tags,
  summary: "Bring it to the brink and keep it there, or let it go",
  params: Params,
  body: HoldMigration.nullish(),
  response: { 200: Migration },
};

const accepting = {
  tags,
  summary: "Run a copy that may be older than what a host that is gone has served; what it served since is lost",
  params: Params,
  response: { 202: Migration },
};

/** M15, M16: what may be changed of a migration that is under way. Who changed what is told as an event. */
export function migrationChangeRoutes(fastify: FastifyInstance, parts: MigrationParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();

  app.patch("/v1/migrations/:id", { schema: changing }, async (request, reply) => {
    const change = request.body.limits;
    return await tell(parts, request.params.id, { type: "limitsChanged", change, by: nameOf(request) }, reply);
  });

  app.post("/v1/migrations/:id/hold", { schema: holding }, async (request, reply) => {
    const { hold } = HoldMigration.parse(request.body ?? {});
    return await tell(
      parts,
      request.params.id,
      { type: "limitsChanged", change: { hold }, by: nameOf(request) },
      reply,
    );
  });

  app.post("/v1/migrations/:id/switchover", { schema: switching }, async (request, reply) => {
    const { at } = AskSwitchover.parse(request.body ?? {});
    const { phase } = await current(parts, request.params.id);
    if (phase === "queued" || phase === "preflight") {
      const detail = `It is in phase ${phase}: nothing has been sent that could be switched over to.`;
      throw new ProblemError("not-under-way", detail, { currentState: phase });
    }
    return await tell(parts, request.params.id, { type: "switchoverAsked", at, by: nameOf(request) }, reply.code(202));
  });

  const config = { scope: "hosts:fence" } as const;
  app.post("/v1/migrations/:id/accept-older-copy", { schema: accepting, config }, async (request, reply) => {
    const { id } = request.params;
    const state = await current(parts, id);
    if (awaitsAcceptance(state) === undefined) {
      const detail = "It does not wait for anybody to accept an older copy.";
      throw new ProblemError("nothing-to-accept", detail, { currentState: viewOf(state, parts.clock.now()).phase });
    }
    const run = parts.runs.get(id);
    run?.post({ type: "olderCopyAccepted", by: nameOf(request) });
    await run?.settled();
    const view = viewOf(await current(parts, id), parts.clock.now());
    return await tagged(reply.code(202), view).send(view);
  });
}

/** Until the switchover begins; what comes too late is refused, also where it began while this waited its turn. */
async function tell(
  parts: MigrationParts,
  id: string,
  event: MigrationEvent,
  reply: FastifyReply,
): Promise<FastifyReply> {
  expectChangeable(await current(parts, id));
  const run = parts.runs.get(id);
  run?.post(event);
  await run?.settled();
  const state = await current(parts, id);
  if (!isTakenIn(state, event)) expectChangeable(state);
  const view = viewOf(state, parts.clock.now());
  return await tagged(reply, view).send(view);
}

/** One that ended otherwise meanwhile has not heard of a switchover that was asked for. */
function isTakenIn(state: State, event: MigrationEvent): boolean {
  if (event.type !== "limitsChanged") return !isEnded(state) || state.phase === "completed";
  return differences(state.limits, withChange(state.limits, event.change)).length === 0;
}

function expectChangeable(state: State): void {
  const { phase } = state;
  if (isEnded(state))
    throw new ProblemError("migration-ended", `It has ended already: ${phase}.`, { currentState: phase });
  if (phase === "switchover")
    throw new ProblemError("past-point-of-no-return", "The switchover has begun.", { currentState: phase });
}
