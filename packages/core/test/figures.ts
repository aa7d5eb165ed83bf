import type { DeviceObservation, Observation, Pending } from "../src/convergence/observation.ts";

/** Short ways to write figures down in tests. Sizes in bytes. */
export const MB = 1_000_000;
export const GB = 1_000_000_000;

export function device(
  name: string,
  { rounds = 0, sentBytes = 0, ...pending }: Partial<Pending> & { rounds?: number; sentBytes?: number } = {},
): DeviceObservation {
  const nothing = { initialBytes: 0, precopyBytes: 0, stopcopyBytes: 0, fixedMs: 0 };
  return { name, pending: { ...nothing, ...pending }, rounds, sentBytes };
}

export function seen(figures: Partial<Observation> & { devices: DeviceObservation[] }): Observation {
  return { atMs: 0, wireBytes: 0, busyMs: 0, rttMs: 0.2, exact: undefined, ...figures };
}

/** An answer to a question for exact figures, true at the very moment. */
export function exactly(syncMs = 1): NonNullable<Observation["exact"]> {
  return { syncMs, agoMs: 0 };
}

/** A generator of numbers in [0, 1) that a seed fixes (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What is stored and read again. */
export function stored<Value>(value: Value): Value {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written a moment ago is read back
  return JSON.parse(JSON.stringify(value)) as Value;
}
