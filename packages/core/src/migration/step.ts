import { assertNever } from "../assert-never.ts";
import { stepEnded } from "./ended.ts";
import type { MigrationEvent, Step } from "./events.ts";
import { stepPrecopy } from "./precopy.ts";
import { stepPreflight } from "./preflight.ts";
import { stepQueued } from "./queued.ts";
import type { Migration } from "./state.ts";
import { stepSwitchover } from "./switchover.ts";

/**
 * One step of a migration (rules M1 to M12 and M14). Total: every event is answered in every phase, most by doing nothing. `now` is the
 * orchestrator's clock in ms, which never goes back.
 */
export function step(state: Migration, event: MigrationEvent, now: number): Step<Migration> {
  switch (state.phase) {
    case "queued":
      return stepQueued(state, event, now);
    case "preflight":
      return stepPreflight(state, event, now);
    case "precopy":
      return stepPrecopy(state, event, now);
    case "switchover":
      return stepSwitchover(state, event, now);
    case "completed":
    case "aborted":
    case "failed":
    case "lost":
      return stepEnded(state, event, now);
    default:
      return assertNever(state);
  }
}
