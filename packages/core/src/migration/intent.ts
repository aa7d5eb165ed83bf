import { actsInMs } from "../convergence/conduct.ts";
import { isBlocked } from "../convergence/verdict.ts";
import { msText } from "../reason.ts";
import { mayBegin, stepsBack } from "./scheduling.ts";
import type { Migration } from "./state.ts";

/** What the policy will do about the verdict, and in how many ms; kept apart from the verdict. */
export interface Intent {
  kind: "abort" | "watch" | "diagnose" | "hold" | "switchover" | "wait";
  sentence: string;
  inMs: number | undefined;
}

/** Undefined where nothing is intended but to go on. */
export function intentOf(state: Migration, now: number): Intent | undefined {
  if (state.phase !== "precopy") return undefined;
  const { consideration, verdict, limits } = state;
  const { conduct, convergence } = consideration;
  const { wish } = conduct;
  if (stepsBack(state)) return { kind: "hold", sentence: steppedBack, inMs: undefined };
  if (wish !== undefined) {
    const when = wish.at === "now" ? "as soon as exact figures are there" : "at the next low of the predicted downtime";
    if (wish.forced === true && !mayBegin(state, now)) {
      const sentence = `It is held back; once it is not, it is switched over ${when}, whatever the limit.`;
      return { kind: "hold", sentence, inMs: undefined };
    }
    return { kind: "switchover", sentence: `It is switched over ${when}, whatever the limit.`, inMs: undefined };
  }
  if (verdict.kind === "ready" && !mayBegin(state, now))
    return { kind: "hold", sentence: heldBy(state), inMs: undefined };
  const inMs = actsInMs(conduct, convergence, verdict, limits.patience);
  if (conduct.mode.kind === "watching")
    return {
      kind: "watch",
      sentence: `A quiet period is waited for, at a few per cent of the link, for up to ${msText(inMs ?? 0)}.`,
      inMs,
    };
  if (conduct.mode.kind === "diagnosing")
    return {
      kind: "diagnose",
      sentence: "Nothing is sent for a moment, to see how the guest is written.",
      inMs: undefined,
    };
  if (!isBlocked(verdict)) return undefined;
  if (inMs === undefined)
    return { kind: "wait", sentence: "It goes on until its deadline, as its patience says.", inMs };
  const then = limits.ladder.length > 0 ? "the next remedy of its ladder is taken, or it is aborted" : "it is aborted";
  return { kind: "abort", sentence: `If that stays so, ${then} in ${msText(inMs)}.`, inMs };
}

function heldBy({ limits: { hold, window }, windowShut }: Migration): string {
  if (hold) return "It is ready and held until it is let go.";
  if (windowShut !== undefined) return "It is ready and waits for its maintenance window.";
  return `It is ready and waits for its window, ${window?.from ?? ""} to ${window?.to ?? ""} UTC.`;
}

/** S16: whatever its verdict, and whoever wants it switched over. */
const steppedBack =
  "Another migration on its path switches over: until that is done it sends nothing, is not judged and is not switched over.";
