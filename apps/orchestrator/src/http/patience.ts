import type { FastifyRequest } from "fastify";

/**
 * Ends a long poll: after its seconds, or when nobody listens any more. The timer holds on to it: a signal of `AbortSignal.timeout` that only
 * another signal follows may be collected as garbage before its time, and then the poll would never end.
 */
export function patience({ raw }: Pick<FastifyRequest, "raw">, seconds: number): AbortSignal {
  const over = new AbortController();
  const timer = setTimeout(end, seconds * 1000);
  raw.socket.once("close", end);
  return over.signal;

  function end(): void {
    clearTimeout(timer);
    raw.socket.off("close", end);
    over.abort();
  }
}
