import { Limits, LimitsInput } from "@godwit/contract";
import { type Drain, drainStateVersion } from "@godwit/core";
import type { DrainRecord, JsonObject } from "@godwit/store";
import { z } from "zod";

/** What is kept of a drain: its state, and by which limits its migrations go. */
export interface StoredDrain {
  drain: Drain;
  /** A policy's name; what becomes of the policy is taken over from migration to migration. */
  policy: string;
  wanted: LimitsInput;
  /** As they were last. */
  limits: Limits;
}

const Stored = z.object({
  drain: z.looseObject({ version: z.int() }),
  policy: z.string(),
  wanted: LimitsInput,
  limits: Limits,
});

export function toStored(stored: StoredDrain): JsonObject {
  return JSON.parse(JSON.stringify(stored));
}

/** The stored state, whole; one of another version is not guessed at. */
export function storedIn({ id, state }: DrainRecord): StoredDrain {
  const { drain, ...others } = Stored.parse(state);
  if (drain.version !== drainStateVersion) {
    throw new Error(
      `Drain ${id} was stored in version ${drain.version}; this program reads version ${drainStateVersion}`,
    );
  }
  // What this program stored it may trust; its version says so.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...others, drain: drain as unknown as Drain };
}
