import { type BirpcReturn, createBirpc } from "birpc";
import { z } from "zod";

/** What both ends of a worker's port have in common. */
interface Port {
  postMessage(message: unknown): void;
  on(event: "message", receive: (message: unknown) => void): unknown;
}

/** A rejected call's answer: the structured clone of an error would lose its code, where in a configuration it lies, and what is left. */
const Told = z.object({
  message: z.string(),
  code: z.string().optional(),
  pointer: z.string().optional(),
  whole: z.boolean().optional(),
});
type Told = z.infer<typeof Told>;
const Failure = z.object({ e: Told });

/**
 * Typed calls over a worker's port, in both directions. Names in `events` are told and not answered. A call has no time limit:
 * whoever calls knows how long it may take.
 */
export function callsOver<Theirs extends object, Ours extends object>(
  port: Port,
  ours: Ours,
  events: (keyof Theirs)[],
): BirpcReturn<Theirs, Ours> {
  return createBirpc<Theirs, Ours>(ours, {
    post: (message) => port.postMessage(message),
    on: (receive) => void port.on("message", receive),
    bind: "functions",
    eventNames: events,
    timeout: -1,
    serialize: (message: { e?: unknown }) =>
      message.e instanceof Error ? { ...message, e: plain(message.e) } : message,
    deserialize: (message: unknown) => {
      const failure = Failure.safeParse(message);
      return failure.success ? Object.assign({}, message, { e: revived(failure.data.e) }) : message;
    },
  });
}

function plain(error: Error): Told {
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const pointer = "pointer" in error && typeof error.pointer === "string" ? { pointer: error.pointer } : {};
  const whole = "whole" in error && typeof error.whole === "boolean" ? { whole: error.whole } : {};
  return { message: error.message, ...code, ...pointer, ...whole };
}

function revived({ message, ...more }: Told): Error {
  return Object.assign(new Error(message), more);
}
