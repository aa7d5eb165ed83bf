import { createHash } from "node:crypto";
import type { Json, JsonObject, Store } from "@godwit/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ProblemError } from "../problem.ts";

const keyHeader = "idempotency-key";
const keptHeaders = ["content-type", "location", "etag"];

interface Claimed {
  principal: string;
  route: string;
  key: string;
}

/**
 * `Idempotency-Key` on every POST: the first request with a key is carried out, later ones with the same body get its answer again.
 * An answer of 5xx is not kept, so that trying again may help. One with a secret is never kept: a key means nothing there.
 */
export function honourIdempotencyKeys(app: FastifyInstance, store: Store, now: () => Date): void {
  const claims = new WeakMap<FastifyRequest, Claimed>();

  app.addHook("preHandler", async (request, reply) => {
    const key = request.headers[keyHeader];
    if (request.method !== "POST" || key === undefined || request.routeOptions.config.mintsSecret === true) return;
    if (typeof key !== "string" || key.length === 0 || key.length > 255) {
      throw new ProblemError("invalid-request", "Idempotency-Key: 1 to 255 characters", {
        errors: [{ pointer: `/${keyHeader}`, detail: "1 to 255 characters" }],
      });
    }
    const claimed = { principal: request.principal?.id ?? "", route: request.routeOptions.url ?? request.url, key };
    const bodyHash = createHash("sha256")
      .update(`${request.url}\n${JSON.stringify(request.body ?? null)}`)
      .digest("hex");
    const claim = await store.idempotency.claim({ ...claimed, bodyHash, at: now() });
    switch (claim.kind) {
      case "fresh":
        claims.set(request, claimed);
        return;
      case "other-body":
        throw new ProblemError(
          "idempotency-key-reused",
          "This key was used for a request with another body; choose a new one.",
        );
      case "in-progress":
        throw new ProblemError(
          "idempotency-key-in-progress",
          "The first request with this key has not been answered yet.",
        );
      case "replay": {
        const { status, headers, body } = claim.response;
        for (const [name, value] of Object.entries(headers)) void reply.header(name, value);
        void reply.header("idempotency-replayed", "true");
        return reply
          .code(status)
          .serializer((text: string) => text)
          .send(typeof body === "string" ? body : JSON.stringify(body));
      }
    }
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const claimed = claims.get(request);
    if (claimed === undefined) return payload;
    claims.delete(request);
    if (reply.statusCode >= 500) await store.idempotency.abandon(claimed);
    else
      await store.idempotency.finish({
        ...claimed,
        response: { status: reply.statusCode, headers: kept(reply.getHeaders()), body: textOf(payload) },
      });
    return payload;
  });
}

function kept(headers: Record<string, unknown>): JsonObject {
  return Object.fromEntries(
    keptHeaders.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]]] : [])),
  );
}

function textOf(payload: unknown): Json {
  return typeof payload === "string" ? payload : "";
}
