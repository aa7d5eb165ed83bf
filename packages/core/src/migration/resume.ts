import { assertNever } from "../assert-never.ts";
import type { Ended, Migration, Role } from "./state.ts";

/**
 * The state as a restarted orchestrator takes it up (M11). Time during which nobody listened is no silence of the agents': those
 * clocks begin anew. The deadline does not, since it is the user's.
 */
export function resume(state: Migration, now: number): Migration {
  switch (state.phase) {
    case "queued":
      return state;
    case "preflight":
      return { ...state, since: now };
    case "precopy":
      return { ...state, heardAt: now, exact: { ...state.exact, open: false } };
    case "switchover":
      return { ...state, since: now, askedAt: now };
    case "completed":
    case "aborted":
    case "failed":
    case "lost":
      return { ...state, askedAt: now };
    default:
      return assertNever(state);
  }
}

/** What an agent that still has a part in an ended migration is to do about it; of a guest that is lost every copy stays. */
export function leftover(state: Ended, role: Role): { type: "discard"; epoch: number } | { type: "abort" } | undefined {
  if (state.phase === "lost") return undefined;
  return state.phase === "completed" && role === "source"
    ? { type: "discard", epoch: state.facts.epoch + 1 }
    : { type: "abort" };
}
