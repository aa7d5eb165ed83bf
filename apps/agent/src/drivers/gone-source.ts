import type { Source } from "@godwit/backend";
import { deviceError } from "./device-error.ts";

/**
 * Of a device whose process has ended: its commit is done, but for what may be left of it, and nothing else can be.
 *
 * @param why a sentence without its full stop
 */
export function goneSource(why: string, clear: () => Promise<void> = nothing): Source {
  const gone = async (): Promise<never> => {
    throw deviceError("gone", why);
  };
  return {
    pending: gone,
    precopy: gone,
    stop: gone,
    final: gone,
    resume: gone,
    commit: clear,
    [Symbol.asyncDispose]: nothing,
  };
}

async function nothing(): Promise<void> {}
