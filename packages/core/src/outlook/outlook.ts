import { leastBytesPerSec, linkOf } from "../convergence/bandwidth.ts";
import { leastDowntimeMs } from "../convergence/forecast.ts";
import type { Observation, Pending } from "../convergence/observation.ts";
import { type Policy, plainPolicy } from "../convergence/policy.ts";
import { quantile } from "../convergence/statistics.ts";
import type { MsRange, Verdict } from "../convergence/verdict.ts";
import { bytesText, msText } from "../reason.ts";
import { type Curve, curveOf } from "./curve.ts";
import type { DirtyHistory } from "./dirty-history.ts";
import { type Way, provenByCurve } from "./proven-by-curve.ts";

/** What is known before a migration begins. Bytes, ms. */
export interface Prospect extends Way {
  devices: readonly { name: string; sizeBytes: number; pending: Pending }[];
  deadlineMs: number;
  stopResumeMs: number;
  stopResumeSdMs: number;
  /** How the guest has been written; undefined where its devices do not tell. */
  dirty: DirtyHistory | undefined;
}

/** What a migration would come to. */
export interface Outlook {
  verdict: Pick<Verdict, "kind" | "code" | "sentence" | "inputs">;
  durationMs: MsRange | undefined;
  downtimeMs: MsRange | undefined;
  /** That it fits the limit before its deadline, 0 to 1; undefined where nothing is known of how the guest is written. */
  probability: number | undefined;
  /** The part of the downtime that takes the longest, and the device that it is of, if of one. */
  dominant: { part: "fixed" | "device" | "stopcopy" | "dirty"; device: string | undefined; ms: number } | undefined;
}

interface Tried {
  fits: boolean;
  activity: number;
  durationMs: number;
  downtimeMs: number;
  dirtyBytes: number;
}

/** What a link gives of what it is said to carry, and what a way gives of what it gave before. */
const shareOfLink = [0.6, 0.75, 0.95];
const shareOfPrior = [0.85, 1, 1.1];
const passesAtMost = 60;
/** A pass that leaves more than that of what the one before left leads nowhere. */
const plateau = 0.97;
/** Waiting for a quieter time, where there was one within the deadline, mostly helps. */
const waitingHelps = 0.8;
const fixedErrors = 2;
/** Of the median. */
const asleep = 0.1;

/**
 * Before the start: precopy is played through, pass by pass, d_(n+1) = U(d_n / B), for every activity that the history shows and for
 * a poor, a usual and a good bandwidth. An activity f times as high writes in a window what the guest wrote in one f times as long.
 */
export function outlookOf(prospect: Prospect): Outlook {
  const rates = ratesOf(prospect);
  const proof =
    provenByStop(prospect) ?? (prospect.dirty === undefined ? undefined : provenByCurve(prospect.dirty, prospect));
  if (rates === undefined) return withoutRates(prospect, proof);
  if (prospect.dirty === undefined || prospect.dirty.curve.length === 0) return withoutHistory(prospect, rates, proof);
  const { dirty } = prospect;
  const size = sizeOf(prospect);
  const curve = curveOf(dirty, size);
  const tried = isAsleep(dirty)
    ? dirty.bytesPerSec.flatMap((written) =>
        rates.map((rate) => play(prospect, size, (ms) => (written * ms) / 1000, 1, rate)),
      )
    : activitiesOf(dirty).flatMap((activity) => rates.map((rate) => play(prospect, size, curve, activity, rate)));
  const fitting = tried.filter(({ fits }) => fits);
  const probability = proof === undefined ? probabilityOf(tried, fitting.length, dirty, prospect.deadlineMs) : 0;
  const shown = fitting.length > 0 ? fitting : tried;
  const sd = fixedErrors * prospect.stopResumeSdMs;
  const downtimes = shown.map(({ downtimeMs }) => downtimeMs);
  const durations = shown.map(({ durationMs }) => durationMs);
  return {
    verdict: proof ?? verdictOf(prospect, fitting.length > 0, probability),
    durationMs:
      fitting.length === 0 ? undefined : { lowMs: quantile(durations, 0.1), highMs: quantile(durations, 0.9) },
    downtimeMs: { lowMs: Math.max(0, quantile(downtimes, 0.1) - sd), highMs: quantile(downtimes, 0.9) + sd },
    probability,
    dominant: dominantOf(prospect, middle(shown), rates),
  };
}

/** Nobody has said what the link carries and nothing has gone over it yet: the fixed costs are what it takes at the least. */
function withoutRates(prospect: Prospect, proof: Outlook["verdict"] | undefined): Outlook {
  const least = downtimeOf(prospect, 0, Infinity);
  return {
    verdict: proof ?? unknown("BANDWIDTH_UNKNOWN", "What the link carries is not known yet."),
    durationMs: undefined,
    downtimeMs: { lowMs: least, highMs: Math.max(least, prospect.downtimeLimitMs) },
    probability: undefined,
    dominant: undefined,
  };
}

function unknown(code: string, sentence: string): Outlook["verdict"] {
  return { kind: "unknown", code, sentence, inputs: {} };
}

/** Nothing is known of how the guest is written: the first pass and the fixed costs are what it takes at the least. */
function withoutHistory(prospect: Prospect, rates: number[], proof: Outlook["verdict"] | undefined): Outlook {
  const passMs = rates.map((rate) => (sizeOf(prospect) / Math.min(rate, prospect.capBytesPerSec ?? Infinity)) * 1000);
  const [leastMs, least] = [Math.min(...passMs), downtimeOf(prospect, 0, Math.max(...rates))];
  return {
    verdict:
      proof ??
      unknown(
        "NO_HISTORY",
        "How the guest is written is not known: its devices do not tell, or were not watched for long enough.",
      ),
    durationMs: { lowMs: leastMs, highMs: Math.max(leastMs, prospect.deadlineMs) },
    downtimeMs: { lowMs: least, highMs: Math.max(least, prospect.downtimeLimitMs) },
    probability: undefined,
    dominant: dominantOf(prospect, 0, rates),
  };
}

function ratesOf({ priorBytesPerSec: prior, linkBytesPerSec: link }: Prospect): number[] | undefined {
  if (prior === undefined && link === undefined) return undefined;
  const rates =
    prior === undefined
      ? shareOfLink.map((share) => share * (link ?? 0))
      : shareOfPrior.map((share) => Math.min(share * prior, link ?? Infinity));
  return rates.map((rate) => Math.max(leastBytesPerSec, rate));
}

/** It was hardly written while it was watched last: that curve says nothing of the times before, and their rates alone are the most. */
function isAsleep({ bytesPerSec }: DirtyHistory): boolean {
  return (bytesPerSec.at(-1) ?? 0) < asleep * quantile(bytesPerSec, 0.5);
}

function activitiesOf({ bytesPerSec }: DirtyHistory): number[] {
  const last = bytesPerSec.at(-1) ?? 0;
  if (last < leastBytesPerSec) return [1];
  const wanted = Math.min(bytesPerSec.length, 20);
  return Array.from({ length: wanted }, (_, index) => quantile(bytesPerSec, (index + 0.5) / wanted) / last);
}

function play(prospect: Prospect, size: number, curve: Curve, activity: number, rate: number): Tried {
  const sending = Math.min(rate, prospect.capBytesPerSec ?? Infinity);
  let [dirtyBytes, durationMs] = [size, 0];
  for (let made = 0; made < passesAtMost && durationMs <= prospect.deadlineMs; made += 1) {
    const passMs = (dirtyBytes / sending) * 1000;
    const left = Math.min(size, curve(activity * passMs));
    durationMs += passMs;
    const downtimeMs = downtimeOf(prospect, left, rate);
    const fits = downtimeMs <= prospect.downtimeLimitMs && durationMs <= prospect.deadlineMs;
    if (fits || left > plateau * dirtyBytes)
      return { fits, activity, durationMs: durationMs + downtimeMs, downtimeMs, dirtyBytes: left };
    dirtyBytes = left;
  }
  return { fits: false, activity, durationMs, downtimeMs: downtimeOf(prospect, dirtyBytes, rate), dirtyBytes };
}

function downtimeOf(prospect: Prospect, dirtyBytes: number, bytesPerSec: number): number {
  const { fixedMs, deviceMs, stopcopyBytes } = partsOf(prospect);
  return fixedMs + Math.max(deviceMs, ((dirtyBytes + stopcopyBytes) / bytesPerSec) * 1000);
}

function partsOf({ devices, stopResumeMs }: Prospect): { fixedMs: number; deviceMs: number; stopcopyBytes: number } {
  const ownMs = Math.max(0, ...devices.map(({ pending }) => (pending.carried === true ? 0 : pending.fixedMs)));
  const carriedMs = devices.reduce((sum, { pending }) => sum + (pending.carried === true ? pending.fixedMs : 0), 0);
  return {
    fixedMs: stopResumeMs + ownMs + carriedMs,
    deviceMs: Math.max(0, ...devices.map(({ pending }) => deviceMsOf(pending))),
    stopcopyBytes: devices.reduce((sum, { pending }) => sum + pending.stopcopyBytes, 0),
  };
}

function deviceMsOf({ saveMs = 0, stopcopyBytes, bytesPerSec = Infinity }: Pending): number {
  return saveMs + (stopcopyBytes / Math.max(leastBytesPerSec, bytesPerSec)) * 1000;
}

/** The share of what was played through that fits, with a credit for waiting where a fitting activity comes round within the deadline. */
function probabilityOf(tried: Tried[], fitting: number, dirty: DirtyHistory, deadlineMs: number): number {
  const share = fitting / tried.length;
  const fittingActivity = Math.max(0, ...tried.filter(({ fits }) => fits).map(({ activity }) => activity));
  const limit = fittingActivity * (dirty.bytesPerSec.at(-1) ?? 0);
  let [run, longest] = [0, 0];
  for (const rate of dirty.bytesPerSec) {
    run = rate <= limit ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  const comesRound =
    share > 0 && share < 1 && longest < dirty.bytesPerSec.length && longest * dirty.everyMs < deadlineMs;
  return comesRound ? share + (1 - share) * waitingHelps : share;
}

/** C1, before the start: what only the stop can do, by what the devices declare. */
function provenByStop(prospect: Prospect): Outlook["verdict"] | undefined {
  const devices = prospect.devices.map(({ name, pending }) => ({ name, pending, rounds: 0, sentBytes: 0 }));
  const observation: Observation = { atMs: 0, wireBytes: 0, busyMs: 0, rttMs: 0, devices, exact: undefined };
  const { downtimeLimitMs, deadlineMs, stopResumeMs, stopResumeSdMs } = prospect;
  const policy: Policy = { ...plainPolicy, downtimeLimitMs, deadlineMs, stopResumeMs, stopResumeSdMs };
  const least = leastDowntimeMs(observation, linkOf(prospect), policy, 0);
  if (least.totalMs <= downtimeLimitMs || devices.some(({ pending }) => pending.mayShrink === true)) return undefined;
  const bytes = devices.reduce((sum, { pending }) => sum + pending.stopcopyBytes, 0);
  const inputs = { leastDowntimeMs: least.totalMs, stopcopyBytes: bytes, downtimeLimitMs, proof: true };
  const what =
    bytes > 0
      ? `${bytesText(bytes)} can move only after the stop`
      : "The devices need their own time to stop, load and start";
  const sentence = `${what}: that takes at least ${msText(least.totalMs)}, and the limit is ${msText(downtimeLimitMs)}.`;
  return { kind: "hopeless", code: bytes > 0 ? "STOP_ONLY" : "FIXED_COSTS", sentence, inputs };
}

function verdictOf(prospect: Prospect, fits: boolean, probability: number): Outlook["verdict"] {
  const inputs = { probability, downtimeLimitMs: prospect.downtimeLimitMs };
  const limit = `the limit of ${msText(prospect.downtimeLimitMs)}`;
  if (!fits) {
    const sentence = `As the guest has been written, no pass leaves so little that it fits ${limit}.`;
    return { kind: "hopeless", code: "WORKING_SET", sentence, inputs };
  }
  const sentence = `As the guest has been written, it fits ${limit} with a probability of ${Math.round(100 * probability)} %.`;
  return { kind: "converging", code: "CONVERGING", sentence, inputs };
}

function middle(tried: Tried[]): number {
  return quantile(
    tried.map(({ dirtyBytes }) => dirtyBytes),
    0.5,
  );
}

function dominantOf(prospect: Prospect, dirtyBytes: number, rates: number[]): Outlook["dominant"] {
  const rate = quantile(rates, 0.5);
  const heaviest = (figure: (pending: Pending) => number) => {
    const sorted = prospect.devices.toSorted(
      (a, b) => figure(b.pending) - figure(a.pending) || (a.name < b.name ? -1 : 1),
    );
    const [first] = sorted;
    return first === undefined || figure(first.pending) === 0 ? undefined : first.name;
  };
  const { fixedMs, deviceMs, stopcopyBytes } = partsOf(prospect);
  const parts: NonNullable<Outlook["dominant"]>[] = [
    { part: "fixed", device: heaviest(({ fixedMs: own }) => own), ms: fixedMs },
    { part: "device", device: heaviest(deviceMsOf), ms: deviceMs },
    { part: "stopcopy", device: heaviest((pending) => pending.stopcopyBytes), ms: (stopcopyBytes / rate) * 1000 },
    { part: "dirty", device: undefined, ms: (dirtyBytes / rate) * 1000 },
  ];
  return parts.reduce((most, part) => (part.ms > most.ms ? part : most));
}

function sizeOf({ devices }: Prospect): number {
  return devices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
