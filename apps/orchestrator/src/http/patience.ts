import type { FastifyRequest } from "fastify";

/** Ends a long poll: after its seconds, or when nobody listens any more. */
export function patience(request: FastifyRequest, seconds: number): AbortSignal {
  const gone = new AbortController();
  request.raw.socket.once("close", () => gone.abort());
  return AbortSignal.any([AbortSignal.timeout(seconds * 1000), gone.signal]);
}
