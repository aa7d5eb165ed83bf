import { fastifySSE } from "@fastify/sse";
import { Event, Id, type Migration } from "@godwit/contract";
import { isEnded } from "@godwit/core";
import type { Store } from "@godwit/store";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { Runs } from "../runs/runs.ts";
import { viewOf } from "../runs/view.ts";
import { eventView } from "../views.ts";
import { current } from "../runs/under-way.ts";
import { isStillAdmitted, type Sessions } from "./session.ts";

const Query = z.strictObject({
  since: z.string().max(200).optional().meta({ description: "a cursor; without it only what comes from now on" }),
});
const batch = 500;
/** Loss of a wake-up never matters: the feed is also looked at this often. */
const lookAgainMs = 2_000;
/** Figures are shown at most this often to one reader; state changes are never held back. */
const progressEveryMs = 250;

export interface EventParts {
  sessions: Sessions;
  store: Store;
  runs: Runs;
  bus: Bus;
  clock: Clock;
}

/** Server-sent events (HTML Living Standard, 9.2). `id` is the cursor of a kept event; progress has none and is not repeated. */
export async function eventRoutes(fastify: FastifyInstance, parts: EventParts): Promise<void> {
  await fastify.register(fastifySSE, { heartbeatInterval: 15_000 });
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  // Whatever is accepted, a stream is what there is: a refusal would be no problem of the one table.
  const sse = "manual";
  const tags = ["events"];
  const description =
    "Server-sent events. `Last-Event-ID` or `?since=` goes on after a cursor; `event: reset` says that it is too old: read everything anew.";

  const response = { 200: { description: "a stream", content: { "text/event-stream": { schema: Event } } } };

  app.get(
    "/v1/events",
    { sse, schema: { tags, summary: "Everything that happens", description, querystring: Query, response } },
    async (request, reply) => {
      await stream(request, reply, parts, undefined);
    },
  );

  app.get(
    "/v1/migrations/:id/events",
    {
      sse,
      schema: {
        tags,
        summary: "What happens to one migration; ends with it",
        description,
        params: z.object({ id: Id }),
        querystring: Query,
        response,
      },
    },
    async (request, reply) => {
      await current(parts, request.params.id);
      await stream(request, reply, parts, request.params.id);
    },
  );
}

interface Message {
  id?: string;
  event: string;
  data: unknown;
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: EventParts,
  migrationId: string | undefined,
): Promise<void> {
  const closed = new AbortController();
  request.raw.once("close", () => closed.abort());
  reply.sse.onClose(() => closed.abort());
  const since = reply.sse.lastEventId ?? z.object({ since: z.string().optional() }).parse(request.query).since;
  const start = since ?? (migrationId === undefined ? await parts.store.events.latest() : undefined);
  // Before anything happens: a reader learns that it is connected, and the heartbeat begins.
  reply.sse.sendHeaders();
  reply.raw.flushHeaders();
  const admitted = () => isStillAdmitted(request, parts.sessions);
  for await (const message of messages(parts, { start, migrationId, signal: closed.signal, admitted })) {
    if (closed.signal.aborted) return;
    await reply.sse.send(message);
  }
}

interface Reader {
  start: string | undefined;
  migrationId: string | undefined;
  signal: AbortSignal;
  admitted: () => boolean;
}

/** Kept events in their order, and between them the figures of migrations under way; a reader of one migration is done with it. */
async function* messages(parts: EventParts, { start, migrationId, signal, admitted }: Reader): AsyncGenerator<Message> {
  let cursor = start;
  using wakeUps = new WakeUps(parts.bus, signal);
  const shown = new Map<string, number>();
  while (!signal.aborted && admitted()) {
    const ended = migrationId !== undefined && isEnded(await current(parts, migrationId));
    const found = await parts.store.events.after({ cursor, migrationId, limit: batch });
    if (found.expired) {
      cursor = await parts.store.events.latest();
      yield { id: cursor, event: "reset", data: {} };
      continue;
    }
    for (const record of found.events) {
      cursor = record.cursor;
      yield { id: record.cursor, event: record.type, data: eventView(record) };
    }
    if (found.events.length === batch) continue;
    for (const view of progress(parts, wakeUps.take(), migrationId, shown))
      yield { event: "migration.progress", data: view };
    if (ended) return;
    await wakeUps.next();
  }
}

/** The migrations whose figures have changed and have not been shown a moment ago. */
function progress(
  { runs, clock }: EventParts,
  changed: Set<string>,
  only: string | undefined,
  shown: Map<string, number>,
): Migration[] {
  const now = clock.now();
  return [...changed].flatMap((id) => {
    const run = only === undefined || only === id ? runs.get(id) : undefined;
    if (run === undefined || now - (shown.get(id) ?? 0) < progressEveryMs) return [];
    shown.set(id, now);
    return [viewOf(run.state, now)];
  });
}

/** Gathers what was told while the reader was busy, so that a slow reader gets the newest figures and not a queue of old ones. */
class WakeUps {
  readonly #off: (() => void)[];
  readonly #signal: AbortSignal;
  #changed = new Set<string>();
  #woken = false;
  #wake: () => void = () => undefined;

  constructor(bus: Bus, signal: AbortSignal) {
    this.#signal = signal;
    this.#off = [bus.on("events", () => this.#tell()), bus.on("migration", (id) => this.#tell(id))];
    signal.addEventListener("abort", () => this.#tell(), { once: true });
  }

  take(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  async next(): Promise<void> {
    if (!this.#woken && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookAgainMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#woken = false;
  }

  [Symbol.dispose](): void {
    for (const off of this.#off) off();
  }

  #tell(changed?: string): void {
    if (changed !== undefined) this.#changed.add(changed);
    this.#woken = true;
    this.#wake();
  }
}
