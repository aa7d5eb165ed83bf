import { type Considered, afresh, consider, considerationAtStart, pass } from "../convergence/consider.ts";
import type { DeviceObservation, Observation } from "../convergence/observation.ts";
import { type Policy, plainPolicy } from "../convergence/policy.ts";
import type { Verdict } from "../convergence/verdict.ts";
import { type Trace, type TraceHeader, type TraceTick, pendingOf } from "./trace.ts";

/** What a policy would have done with a recorded run. */
export interface Replayed {
  verdict: "switchover" | "abort" | "none";
  /** Why, in code and words; undefined where nothing was decided. */
  why: Verdict | undefined;
  /** `x` of the deciding tick, or of the last one. */
  atMs: number;
  predictedDowntimeMs: number | undefined;
  /** What the trace says the downtime would have been then. */
  trueDowntimeMs: number | undefined;
  exactQueries: number;
  /** Every change of the published verdict. */
  course: readonly { atMs: number; verdict: Verdict }[];
}

/** What a recorded run says of its own policy, with everything off that a recording cannot answer to. */
export function policyOf({ policy, syncMsPrior, tickMs, ramBytes, history }: TraceHeader): Policy {
  return {
    ...plainPolicy,
    downtimeLimitMs: policy.limitMs,
    deadlineMs: policy.deadlineMs,
    linkBytesPerSec: aboveZero(policy.linkBps),
    capBytesPerSec: aboveZero(policy.capBps),
    reservedBytesPerSec: aboveZero(policy.reservedBps),
    parallelLoad: policy.parallelLoad,
    stopResumeMs: policy.stopResumeMs,
    stopResumeSdMs: policy.stopResumeSdMs ?? plainPolicy.stopResumeSdMs,
    decisionMs: policy.decisionMs ?? plainPolicy.decisionMs,
    priorBytesPerSec: policy.priorBps,
    sharedOut: policy.sharedOut,
    syncMsPrior,
    reportEveryMs: tickMs,
    sizeBytes: ramBytes,
    history,
    patience: policy.patience ?? plainPolicy.patience,
    maySwitchOver: policy.held !== true,
  };
}

/** A question is answered where the recording answered one, if that is so soon: exact figures were measured nowhere else. */
const recordedWithinMs = 2_000;

/**
 * Runs the core over a recorded run. The recording is an open loop: a switchover or an abort ends it, a pace or a remedy changes
 * nothing in it. A question is answered by the next tick that answered one when it was recorded, or where there is none soon, on the first
 * tick at least `syncMs` later, with that tick's exact figures; from then on, until the engine's own pass changes, estimates show at
 * least what those figures leave.
 */
export function replay(trace: Trace, asked: Policy): Replayed {
  const answering = new Answering(trace);
  const { limitMs, deadlineMs } = trace.header.policy;
  const own = asked.downtimeLimitMs === limitMs && asked.deadlineMs === deadlineMs;
  let policy = asked;
  let state = considerationAtStart;
  let exactQueries = 0;
  const course: { atMs: number; verdict: Verdict }[] = [];
  for (const [index, tick] of trace.ticks.entries()) {
    if (tick.p !== undefined) {
      // What was changed then is changed now, but for a policy of another's making: that one has its own limits.
      policy = changed(policy, own, tick.p);
      state = afresh(state);
    }
    if (tick.h !== undefined) policy = { ...policy, maySwitchOver: !tick.h };
    if (tick.g !== undefined) policy = { ...policy, ...granted(tick.g) };
    const observation = answering.observe(tick, index);
    exactQueries += observation?.exact === undefined ? 0 : 1;
    const considered =
      observation === undefined ? pass(state, trace.header.tickMs) : consider(state, observation, policy);
    state = considered.state;
    noteChange(course, tick.x, considered.verdict);
    if (considered.action.kind === "askExact") answering.ask(tick, index);
    const ended = endedBy(considered);
    policy = remedied(policy, considered);
    if (ended !== undefined)
      return { ...ended, atMs: tick.x, trueDowntimeMs: tick.y ?? undefined, exactQueries, course };
  }
  const atMs = trace.ticks.at(-1)?.x ?? 0;
  return {
    verdict: "none",
    why: undefined,
    atMs,
    predictedDowntimeMs: undefined,
    trueDowntimeMs: undefined,
    exactQueries,
    course,
  };
}

function endedBy({
  action,
  judgement,
}: Considered): Pick<Replayed, "verdict" | "why" | "predictedDowntimeMs"> | undefined {
  const predictedDowntimeMs = judgement?.evidence?.predicted.midMs;
  if (action.kind === "switchOver") return { verdict: "switchover", why: action.why, predictedDowntimeMs };
  return action.kind === "giveUp" ? { verdict: "abort", why: action.why, predictedDowntimeMs } : undefined;
}

/** A longer downtime is the one remedy that a recording can answer to. */
function remedied(policy: Policy, { action }: Considered): Policy {
  if (action.kind !== "remedy") return policy;
  const { downtimeLimitMs = policy.downtimeLimitMs } = action.remedy.change;
  return { ...policy, downtimeLimitMs };
}

function changed(policy: Policy, own: boolean, to: NonNullable<TraceTick["p"]>): Policy {
  const way = {
    capBytesPerSec: aboveZero(to.capBps),
    maySwitchOver: to.held === undefined ? policy.maySwitchOver : !to.held,
  };
  const { patience = policy.patience } = to;
  return own
    ? { ...policy, ...way, downtimeLimitMs: to.limitMs, deadlineMs: to.deadlineMs, patience }
    : { ...policy, ...way };
}

/** In a trace 0 is none, or not known. */
function aboveZero(figure: number): number | undefined {
  return figure > 0 ? figure : undefined;
}

/** Whatever policy is tried, the links give what they gave. */
function granted({ capBps, reservedBps, sharedOut }: NonNullable<TraceTick["g"]>) {
  return { capBytesPerSec: aboveZero(capBps), reservedBytesPerSec: aboveZero(reservedBps), sharedOut };
}

function noteChange(course: { atMs: number; verdict: Verdict }[], atMs: number, verdict: Verdict | undefined): void {
  const last = course.at(-1)?.verdict;
  if (verdict !== undefined && (last?.kind !== verdict.kind || last.code !== verdict.code))
    course.push({ atMs, verdict });
}

interface Shown {
  precopyBytes: number;
  stopcopyBytes: number;
  sentBytes: number;
}

/** The recording's side: what it shows of each tick, and when it answers exactly. */
class Answering {
  readonly #header: TraceHeader;
  readonly #ticks: readonly TraceTick[];
  #isAnsweredBy: ((tick: TraceTick, index: number) => boolean) | undefined;
  /** What the last exact answer said of each device, while the engine's pass lasts. */
  #said: Shown[] | undefined;
  #enginePass: number | undefined;

  constructor({ header, ticks }: Trace) {
    this.#header = header;
    this.#ticks = ticks;
  }

  ask(asked: TraceTick, at: number): void {
    const { syncMs } = this.#header;
    const recorded = this.#ticks.findIndex(({ q }, index) => index > at && q !== undefined);
    const answer = this.#ticks[recorded];
    this.#isAnsweredBy =
      answer !== undefined && answer.x - asked.x <= recordedWithinMs
        ? (_, index) => index >= recorded
        : (tick) => tick.x - asked.x >= syncMs;
  }

  observe(tick: TraceTick, index: number): Observation | undefined {
    if (tick.s !== undefined && tick.s !== this.#enginePass) [this.#enginePass, this.#said] = [tick.s, undefined];
    const rows = tick.d;
    if (isLost(tick) || rows === undefined || this.#header.devices.some((_, row) => !Array.isArray(rows[row])))
      return undefined;
    const answers = this.#isAnsweredBy?.(tick, index) === true;
    const devices = this.#header.devices.map((device, row): DeviceObservation => {
      const figures = rows[row] ?? [];
      const shown = answers ? exactOf(figures) : this.#estimateOf(figures, row);
      const pending = pendingOf(device, shown.precopyBytes, shown.stopcopyBytes, figures[5] ?? 0);
      return { name: device.id, pending, rounds: 0, sentBytes: shown.sentBytes };
    });
    if (answers) {
      this.#isAnsweredBy = undefined;
      this.#said = this.#header.devices.map((_, row) => exactOf(rows[row] ?? []));
    }
    const exact = answers ? { syncMs: tick.c ?? this.#header.syncMs, agoMs: 0 } : undefined;
    const rttMs = tick.r ?? this.#header.policy.rttMs;
    return { atMs: tick.t, wireBytes: tick.w, busyMs: tick.b, rttMs, devices, exact, epoch: tick.e };
  }

  #estimateOf(figures: readonly number[], index: number): Shown {
    const [precopyBytes = 0, stopcopyBytes = 0, sentBytes = 0] = figures;
    const said = this.#said?.[index];
    if (said === undefined) return { precopyBytes, stopcopyBytes, sentBytes };
    const left = said.precopyBytes - Math.max(0, sentBytes - said.sentBytes);
    return { precopyBytes: Math.max(precopyBytes, left), stopcopyBytes: said.stopcopyBytes, sentBytes };
  }
}

function isLost({ lost }: TraceTick): boolean {
  return lost !== undefined && lost !== false && lost !== 0;
}

function exactOf([, , sentBytes = 0, precopyBytes = 0, stopcopyBytes = 0]: readonly number[]): Shown {
  return { precopyBytes, stopcopyBytes, sentBytes };
}
