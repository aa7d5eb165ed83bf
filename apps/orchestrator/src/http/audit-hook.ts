import type { AuditOutcome, AuditRecord, Store } from "@godwit/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { type Clock, dateOf } from "../clock.ts";
import { jsonIn, recordable } from "./audit-text.ts";
import { targetInAnswer, targetOf } from "./audit-target.ts";

const unsafe = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const tooMany = 429;
const Reason = z.object({ reason: z.string() });
const Refused = z.object({ code: z.string() });

export interface AuditParts {
  store: Store;
  clock: Clock;
  log: Logger;
}

/**
 * A11. A request that may change something is written before it is carried out, and where it cannot be written it is not carried out; how
 * it ended is added before the answer goes out. Where that cannot be written the record stays without an outcome, as after a death in
 * between, and the log has it. One that was refused before it came to be carried out has changed nothing, and is written as a whole.
 */
export function keepAudit(app: FastifyInstance, { store, clock, log }: AuditParts): void {
  const begun = new WeakMap<FastifyRequest, AuditRecord>();
  const ended = new WeakSet<FastifyRequest>();
  const recordOf = async (request: FastifyRequest): Promise<AuditRecord> => ({
    ...whatIsAsked(request),
    id: uuidv7(),
    createdAt: dateOf(clock.now()),
    target: await targetOf(store, request),
  });

  app.addHook("preHandler", async (request) => {
    if (!isOfTheApi(request) || !unsafe.has(request.method)) return;
    const record = await recordOf(request);
    await store.audit.add(record);
    begun.set(request, record);
  });

  app.addHook("onSend", async (request, { statusCode: status }, payload) => {
    if (!isOfTheApi(request) || ended.has(request)) return payload;
    const record = begun.get(request);
    const outcome = { status, code: refusalIn(status, payload) };
    if (record === undefined && !isKeptThoughNotBegun(request, outcome)) return payload;
    // Once: an answer that cannot be sent as it is becomes another one, which comes here too.
    ended.add(request);
    try {
      if (record === undefined) await store.audit.add({ ...(await recordOf(request)), outcome });
      else await store.audit.finish(record.id, outcome, targetInAnswer(record.target, payload));
    } catch (error) {
      const asked = record ?? whatIsAsked(request);
      log.error({ err: error, audit: { ...asked, outcome } }, "how a request ended could not be written to the audit");
    }
    return payload;
  });
}

function isOfTheApi({ routeOptions, url }: FastifyRequest): boolean {
  return (routeOptions.url ?? url).startsWith("/v1/");
}

/** Who asks too often is turned away without a write to the database, which is what the limit is there to save. */
function isKeptThoughNotBegun({ method }: FastifyRequest, { status, code }: AuditOutcome): boolean {
  if (code === "forbidden") return true;
  return unsafe.has(method) && status >= 400 && status !== tooMany;
}

function whatIsAsked(request: FastifyRequest): Pick<AuditRecord, "who" | "operation" | "reason" | "requestId"> {
  const { principal, body, id } = request;
  const given = Reason.safeParse(body);
  return {
    ...(principal !== undefined && { who: { id: principal.id, name: principal.name } }),
    operation: operationOf(request),
    ...(given.success && { reason: recordable(given.data.reason) }),
    requestId: recordable(id),
  };
}

/** As the API's description names it. What was asked for where there is nothing is not repeated: it may be anything. */
function operationOf({ method, routeOptions }: FastifyRequest): string {
  const path = routeOptions.url?.replaceAll(/:(\w+)/g, "{$1}") ?? "(no such path)";
  return `${method} ${path}`;
}

function refusalIn(status: number, payload: unknown): string | undefined {
  if (status < 400) return undefined;
  const told = Refused.safeParse(jsonIn(payload));
  return told.success ? told.data.code : undefined;
}
