import { isEnded, type Migration, outcomeOf } from "@godwit/core";
import type { OutcomeRecord } from "@godwit/store";
import { dateOf } from "../clock.ts";

/** What a migration that has just completed has shown, as it is kept; undefined where nothing was measured. */
export function outcomeRecordOf(state: Migration): OutcomeRecord | undefined {
  const outcome = isEnded(state) ? outcomeOf(state) : undefined;
  if (outcome === undefined || !isEnded(state)) return undefined;
  const { facts } = state;
  return {
    migrationId: facts.id,
    sourceId: facts.source.id,
    destinationId: facts.destination.id,
    at: dateOf(state.endedAt),
    ...outcome,
  };
}
