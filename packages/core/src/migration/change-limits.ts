import type { MigrationEvent, Notice } from "./events.ts";
import { changesText } from "./limits-text.ts";
import { differences, withChange } from "./limits.ts";
import type { Precopy, Preflight, Queued } from "./state.ts";

/** M15: limits may be changed until the switchover begins; who changed what from what to what is told. */
export function changeLimits<State extends Queued | Preflight | Precopy>(
  state: State,
  { change, by }: MigrationEvent & { type: "limitsChanged" },
): { state: State; effects: []; notices: Notice[] } {
  const limits = withChange(state.limits, change);
  const changed = differences(state.limits, limits);
  if (changed.length === 0) return { state, effects: [], notices: [] };
  const what = changesText(
    changed.map(({ limit }) => limit),
    state.limits,
    limits,
  );
  const data = Object.fromEntries([
    ["by", by],
    ...changed.flatMap(({ limit, from, to }) => [
      [`${limit}.from`, from],
      [`${limit}.to`, to],
    ]),
  ]);
  const notice: Notice = { type: "migration.changed", sentence: `${by} ${what}.`, data };
  return { state: { ...state, limits }, effects: [], notices: [notice] };
}
