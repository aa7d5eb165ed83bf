import { setTimeout } from "node:timers/promises";

const lookEveryMs = 20;

/** Looks until there is something to see; says what was waited for, and what was seen last, when that takes too long. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen | undefined | false> | Seen | undefined | false,
  limitMs = 30_000,
): Promise<Seen> {
  let failure: unknown;
  for (const from = performance.now(); performance.now() - from < limitMs; await setTimeout(lookEveryMs)) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`It did not come about within ${limitMs} ms: ${what}`, { cause: failure });
}
