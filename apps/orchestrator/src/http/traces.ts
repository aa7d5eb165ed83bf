import { Id } from "@godwit/contract";
import { isEnded, type Migration } from "@godwit/core";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { Readable } from "node:stream";
import { z } from "zod";
import { ProblemError } from "../problem.ts";
import type { Recorder } from "../runs/recorder.ts";
import { current, type MigrationParts } from "../runs/under-way.ts";

const chunksAtOnce = 50;

export interface TraceParts extends MigrationParts {
  recorder: Recorder;
}

/** L4: what the judge of a migration was given, for `godwit replay`. */
export function traceRoutes(fastify: FastifyInstance, parts: TraceParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const schema = {
    tags: ["migrations"],
    summary: "Its inputs as a trace, in JSON Lines; docs/traces.md describes the format",
    params: z.object({ id: Id }),
    response: { 200: { description: "JSON Lines", content: { "application/jsonl": { schema: z.any() } } } },
  };
  app.get("/v1/migrations/:id/trace", { schema }, async (request, reply) => {
    const { id } = request.params;
    const state = await current(parts, id);
    await parts.recorder.flush();
    if ((await parts.store.traces.next(id)) === 0)
      throw new ProblemError(
        "not-found",
        `There is no trace of migration ${id}: no figures have come, or it is not kept any more.`,
        {
          currentState: state.phase,
        },
      );
    void reply.type("application/jsonl").header("content-disposition", `attachment; filename="${id}.jsonl"`);
    return await reply
      .serializer((payload: unknown) => String(payload))
      .send(Readable.from(linesOf(parts.store, state)));
  });
}

async function* linesOf({ traces }: Store, state: Migration): AsyncGenerator<string> {
  for (let from = 0; ;) {
    const chunks = await traces.read(state.facts.id, { from, limit: chunksAtOnce });
    for (const { text } of chunks) yield text;
    if (chunks.length < chunksAtOnce) break;
    from = (chunks.at(-1)?.sequence ?? from) + 1;
  }
  const expect = expectationOf(state);
  if (expect !== undefined) yield `${JSON.stringify({ expect })}\n`;
}

/** What was decided when it was recorded, in the place of what a graded trace is held to. */
function expectationOf(state: Migration): object | undefined {
  if (!isEnded(state)) return undefined;
  const { reason, downtimeMs, course } = state;
  // What somebody asked for, or a remedy forced, was not decided on the figures.
  if (course.switchoverAt !== undefined)
    return state.verdict?.kind === "ready" ? { verdict: "switchover", reasons: [], downtimeMs } : undefined;
  return state.phase === "aborted" && state.verdict?.code === reason.code
    ? { verdict: "abort", reasons: [reason.code] }
    : { verdict: "none", reasons: [] };
}
