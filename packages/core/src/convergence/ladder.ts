import type { Reason } from "../reason.ts";
import { bytesText, msText } from "../reason.ts";
import type { Policy, Rung } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/** What a remedy changes, what it costs the guest, and both in words. */
export interface Remedy {
  rung: Rung["remedy"];
  change: { downtimeLimitMs?: number; capBytesPerSec?: number | "none"; throttle?: number; force?: true };
  sentence: string;
  cost: Reason["inputs"];
}

/** A guess while the working set is not known, and how much of the rest of its speed each further step leaves. */
const throttle = { first: 0.3, further: 0.7 };
/** By which the downtime limit grows at the least. */
const limitStep = 2;
/** The bandwidth that is said to be needed is only about right. */
const bandwidthSlack = 1.5;

/**
 * The next remedy that the policy allows and that may work, in the order of its ladder; undefined at its end. Those that cannot help
 * are passed over: bandwidth for what only the stop takes, a limit that would still be too low, a throttle that no back end has.
 *
 * @param throttled the share of its speed that the guest has lost so far.
 */
export function nextRemedy(verdict: Verdict, policy: Policy, throttled: number): Remedy | undefined {
  for (const rung of policy.ladder) {
    const remedy = tryRung(rung, verdict, policy, throttled);
    if (remedy !== undefined) return remedy;
  }
  return undefined;
}

function tryRung(rung: Rung, verdict: Verdict, policy: Policy, throttled: number): Remedy | undefined {
  const ofTheStop = ["STOP_ONLY", "FIXED_COSTS", "BANDWIDTH_UNKNOWN"].includes(verdict.code);
  switch (rung.remedy) {
    case "bandwidth":
      return ofTheStop ? undefined : moreBandwidth(rung.maxBytesPerSec, verdict, policy);
    case "downtimeLimit":
      return longerDowntime(rung.maxMs, verdict, policy);
    case "throttle":
      return ofTheStop || !policy.canThrottle ? undefined : slowerGuest(rung.maxShare, verdict, throttled);
    case "force":
      return forced(rung.maxMs, verdict);
    case "postcopy":
      return undefined;
  }
}

function moreBandwidth(most: number | undefined, verdict: Verdict, policy: Policy): Remedy | undefined {
  const cap = policy.capBytesPerSec;
  const need = figure(verdict, "needBytesPerSec") ?? 0;
  if (
    cap === undefined ||
    policy.sharedOut === true ||
    (most !== undefined && (most <= cap || need > bandwidthSlack * most))
  )
    return undefined;
  const to = most === undefined ? "any bandwidth that the link has" : `${bytesText(most)}/s`;
  return {
    rung: "bandwidth",
    change: { capBytesPerSec: most ?? "none" },
    sentence: `It may use ${to} from now on; it costs the guest nothing.`,
    cost: {},
  };
}

function longerDowntime(maxMs: number, verdict: Verdict, policy: Policy): Remedy | undefined {
  const need = figure(verdict, "needLimitMs") ?? 0;
  const predicted = figure(verdict, "predictedDowntimeMs") ?? figure(verdict, "leastDowntimeMs") ?? Infinity;
  if (policy.downtimeLimitMs >= maxMs || predicted > maxMs) return undefined;
  // Steps of less would each cost another wait for a plateau.
  const downtimeLimitMs = Math.min(maxMs, Math.max(need, limitStep * policy.downtimeLimitMs));
  return {
    rung: "downtimeLimit",
    change: { downtimeLimitMs },
    sentence: `The downtime may last ${msText(downtimeLimitMs)} from now on; it costs the guest a pause of about ${msText(predicted)}.`,
    cost: { pauseMs: predicted, overLimitMs: Math.max(0, predicted - policy.downtimeLimitMs) },
  };
}

function slowerGuest(maxShare: number, verdict: Verdict, throttled: number): Remedy | undefined {
  if (throttled >= maxShare) return undefined;
  const need = figure(verdict, "needThrottle") ?? 0;
  // That none would be needed was of a guest which has not converged all the same.
  const first = need > 0 ? need : throttle.first;
  const wanted = throttled === 0 ? first : 1 - (1 - throttled) * throttle.further;
  const share = Number(Math.min(maxShare, Math.max(wanted, throttled + 0.01)).toFixed(3));
  if (share <= throttled) return undefined;
  return {
    rung: "throttle",
    change: { throttle: share },
    sentence: `The guest runs at ${Math.round(100 * (1 - share))} % of its speed until the switchover.`,
    cost: { lostShare: share },
  };
}

function forced(maxMs: number | undefined, verdict: Verdict): Remedy | undefined {
  const pauseMs = figure(verdict, "predictedDowntimeMs") ?? figure(verdict, "leastDowntimeMs");
  if (maxMs !== undefined && (pauseMs === undefined || pauseMs > maxMs)) return undefined;
  const pause = pauseMs === undefined ? "" : ` It costs the guest a pause of about ${msText(pauseMs)}.`;
  return {
    rung: "force",
    change: { force: true },
    sentence: `The move matters more than the limit: it is switched over at the next low.${pause}`,
    cost: pauseMs === undefined ? {} : { pauseMs },
  };
}

function figure({ inputs }: Verdict, name: string): number | undefined {
  const value = inputs[name];
  return typeof value === "number" ? value : undefined;
}
