import { type Conduct, dutyOf } from "../convergence/conduct.ts";
import { type Considered, type Consideration, afresh, consider } from "../convergence/consider.ts";
import type { Remedy } from "../convergence/ladder.ts";
import type { Observation } from "../convergence/observation.ts";
import type { Verdict } from "../convergence/verdict.ts";
import { costFactorOf } from "../learning/learned.ts";
import { withoutPostcopy } from "../outlook/remedies.ts";
import { msText, reason } from "../reason.ts";
import { changeLimits } from "./change-limits.ts";
import { courseAfter } from "./course.ts";
import { endedWith } from "./ended.ts";
import { isSourceOwn, whoBroke } from "./broken.ts";
import { fencedBefore, spentBefore } from "./fenced.ts";
import type { MigrationEvent, Notice, Send, Step } from "./events.ts";
import { type Limits, type LimitsChange, withChange } from "./limits.ts";
import { outstanding, silenceLimitMs, steering } from "./outstanding.ts";
import { policyOf } from "./policy-of.ts";
import { capOf, endsAt, mayBegin, type Share, stepsBack } from "./scheduling.ts";
import { hasMore, shared, windowed } from "./shared.ts";
import { carried, type Ending, type Migration, type Pace, type Precopy, type Switchover } from "./state.ts";

/** M3 to M7, M15: the guest runs on the source and its state moves; every report is judged, and the judgement acted on. */
export function stepPrecopy(state: Precopy, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "report":
      return pastDeadline(state, now) ?? reported(state, event, now);
    case "broken":
      return isSourceOwn(event) ? unchanged(state) : giveUp(state, broken(state, event), now);
    case "spent":
      return event.epoch === state.facts.epoch + 1 ? spentBefore(state, event.detail, now) : unchanged(state);
    case "declined":
      return giveUp(state, { phase: "failed", reason: reason(event.code, event.detail, { role: event.role }) }, now);
    case "fenced":
      return fencedBefore(state, event, now);
    case "cancel":
      return giveUp(
        state,
        { phase: "aborted", reason: reason("CANCELLED", `It was cancelled; ${keepsServing(state)}`) },
        now,
      );
    case "limitsChanged":
      return limitsChanged(state, event, now);
    case "switchoverAsked":
      return switchoverAsked(state, event);
    case "shared":
      return paced(shared(state, event), state.share);
    case "windowed":
      return windowed(state, event);
    case "connected":
      return reconnected(state, event, now);
    case "tick":
      return pastDeadline(state, now) ?? silent(state, now) ?? unchanged(state);
    default:
      return unchanged(state);
  }
}

/** M3, C12: only a report on every device is judged, and counts as heard: figures that leave one out would promise too much. */
function reported(state: Precopy, event: MigrationEvent & { type: "report" }, now: number): Step<Migration> {
  const named = new Set(event.observation.devices.map((device) => device.name));
  const whole = state.facts.devices.every((device) => named.has(device.name));
  if (!whole) return unchanged(state);
  if (stepsBack(state)) return heard(state, event, now);
  // An exact figure answers the open question only; a late one to an older question counts as the estimate that it is by now.
  const answers = event.exact !== undefined && event.exact === state.exact.sequence && state.exact.open;
  const exact = answers ? { syncMs: event.syncMs ?? 0, agoMs: 0 } : undefined;
  const observation = { ...withLearnt(state, event.observation), exact };
  const policy = policyOf(state, now);
  const considered = consider(withCost(state.consideration, event), observation, policy);
  return act(stateAfter(state, observation, considered, now), state, considered, now);
}

/** What gathers while it steps back for another one is no fault of the guest's: that is not judged. */
function heard(state: Precopy, { exact }: MigrationEvent & { type: "report" }, now: number): Step<Migration> {
  if (exact === undefined) return { state: { ...state, heardAt: now }, effects: [], notices: [] };
  const { convergence, conduct } = state.consideration;
  const question = convergence.question && { ...convergence.question, open: false };
  const next: Precopy = {
    ...state,
    heardAt: now,
    exact: { ...state.exact, open: false },
    consideration: { convergence: { ...convergence, question }, conduct },
  };
  return { state: next, effects: [], notices: [] };
}

/** S16: a share that has changed is carried out at once; with more than it ever had a plateau must show itself anew. */
function paced({ state: told, effects, notices }: Step<Precopy>, before: Share | undefined): Step<Migration> {
  const isAnew = before !== undefined && hasMore(before, told.share?.bytesPerSec);
  const state = isAnew ? { ...told, consideration: afresh(told.consideration) } : told;
  const pace = paceOf(state, undefined);
  if (pace === state.pace) return { state, effects, notices };
  const next = { ...state, pace };
  return { state: next, effects: [...effects, ...steering(next)], notices };
}

/** What a late answer has cost is known all the same: the next one is waited for accordingly. */
function withCost(before: Consideration, { exact, syncMs }: MigrationEvent & { type: "report" }): Consideration {
  if (exact === undefined || syncMs === undefined) return before;
  return { ...before, convergence: { ...before.convergence, syncMs } };
}

/** What back ends declare of their own time, as earlier migrations have found it. */
function withLearnt({ facts }: Precopy, observation: Omit<Observation, "exact">): Omit<Observation, "exact"> {
  return {
    ...observation,
    devices: observation.devices.map((device) => {
      const fixedMs = device.pending.fixedMs * costFactorOf(facts.learned, device.name);
      return { ...device, pending: { ...device.pending, fixedMs } };
    }),
  };
}

function stateAfter(state: Precopy, observation: Observation, considered: Considered, now: number): Precopy {
  const { judgement, state: consideration } = considered;
  const verdict = considered.verdict ?? state.verdict;
  const changed = verdict.kind !== state.verdict.kind || verdict.code !== state.verdict.code;
  // While nothing is sent on purpose the downtime rises: that is shown only if it has come to something.
  const looking = state.consideration.conduct.mode.kind === "diagnosing" && verdict.kind !== "ready";
  const course = courseAfter(state.course, observation, judgement);
  const next: Precopy = {
    ...state,
    course: looking ? { ...course, predicted: state.course.predicted } : course,
    consideration,
    verdict,
    verdictSince: changed ? now : state.verdictSince,
    exact: observation.exact === undefined ? state.exact : { ...state.exact, open: false },
    heardAt: now,
  };
  const mid = judgement?.evidence?.bandwidth.mid;
  return dutyOf(consideration.conduct) === dutyOf(state.consideration.conduct)
    ? next
    : { ...next, pace: paceOf(next, mid) };
}

/** The shell of a decision: what was decided becomes commands, and is told. */
function act(next: Precopy, before: Precopy, { action }: Considered, now: number): Step<Migration> {
  const notices = [...verdictNotices(before, next), ...modeNotices(before, next)];
  const paced: Send[] = next.pace === before.pace ? [] : steering(next);
  switch (action.kind) {
    case "switchOver":
      return switchOver(next, action.why, notices, now);
    case "giveUp":
      return giveUp(next, hopeless(next, action.why), now, notices);
    case "remedy":
      return remedied(next, action.remedy, notices);
    case "askExact":
      return askExact(next, paced, notices, now);
    case "none":
      return { state: next, effects: paced, notices };
  }
}

/** M5: only exact figures allow a switchover, and one question is open at a time. */
function askExact(state: Precopy, paced: Send[], notices: Notice[], now: number): Step<Migration> {
  const sequence = state.exact.sequence + 1;
  const asked: Send = { to: "source", command: { type: "exact", sequence } };
  const exact = { sequence, askedAt: now, open: true };
  return { state: { ...state, exact }, effects: [...paced, asked], notices };
}

/** C10: a remedy changes the limits or slows the guest down; what it costs is told. */
function remedied(state: Precopy, { rung, change, sentence, cost }: Remedy, notices: Notice[]): Step<Migration> {
  const limits = withChange(state.limits, limitsOf(change));
  const throttled = state.throttled === true || change.throttle !== undefined ? true : undefined;
  const changed: Precopy = { ...state, limits, throttled };
  const next = { ...changed, pace: paceOf(changed, undefined) };
  const told: Notice = {
    type: "migration.decision",
    sentence: `${sentence}${passedOver(state, rung)}`,
    data: { ...cost, remedy: rung, code: state.verdict.code },
  };
  return { state: next, effects: steering(next), notices: [...notices, told] };
}

/** C10: postcopy is never taken, which is said where the ladder has it before what was. */
function passedOver({ limits: { ladder }, facts }: Precopy, taken?: Remedy["rung"]): string {
  const at = ladder.findIndex(({ remedy }) => remedy === "postcopy");
  const before = ladder.findIndex(({ remedy }) => remedy === taken);
  return at === -1 || (before !== -1 && before < at) ? "" : ` ${withoutPostcopy(facts.devices)}`;
}

function limitsOf({ downtimeLimitMs, capBytesPerSec }: Remedy["change"]): LimitsChange {
  return {
    ...(downtimeLimitMs !== undefined && { downtimeLimitMs }),
    ...(capBytesPerSec !== undefined && { bandwidthBytesPerSec: capBytesPerSec === "none" ? null : capBytesPerSec }),
  };
}

/** A changed limit may lead on: a plateau must show itself anew. */
function limitsChanged(
  state: Precopy,
  event: MigrationEvent & { type: "limitsChanged" },
  now: number,
): Step<Migration> {
  const changed = changeLimits(state, event);
  if (changed.notices.length === 0) return changed;
  const { convergence, conduct } = afresh(changed.state.consideration);
  const allowed = { ...conduct, ...allowedBy(changed.state.limits, conduct) };
  const renewed: Precopy = { ...changed.state, consideration: { convergence, conduct: allowed } };
  const next = { ...renewed, pace: paceOf(renewed, undefined) };
  const over = pastDeadline(next, now);
  if (over !== undefined) return { ...over, notices: [...changed.notices, ...over.notices] };
  return { state: next, effects: steering(next), notices: changed.notices };
}

/** What a ladder has led to, as far as the ladder as it is now would lead. */
function allowedBy({ ladder }: Limits, { throttle, wish }: Conduct): Pick<Conduct, "throttle" | "wish"> {
  const most = ladder.find((rung) => rung.remedy === "throttle")?.maxShare ?? 0;
  const mayForce = ladder.some(({ remedy }) => remedy === "force");
  return { throttle: Math.min(throttle, most), wish: wish?.forced === true && !mayForce ? undefined : wish };
}

/** M16: who asks for a switchover takes the downtime as it comes; initial data, hold and window are overruled too. */
function switchoverAsked(state: Precopy, { at, by }: MigrationEvent & { type: "switchoverAsked" }): Step<Migration> {
  const { convergence, conduct } = state.consideration;
  if (conduct.wish?.at === at && conduct.wish.forced !== true) return unchanged(state);
  const wish = { at, sinceMs: convergence.clock.nowMs };
  const next = {
    ...state,
    consideration: { convergence, conduct: { ...conduct, wish, mode: { kind: "sending" as const } } },
  };
  const paced = { ...next, pace: paceOf(next, undefined) };
  const when = at === "now" ? "now" : "at the next low of its predicted downtime";
  const notice: Notice = {
    type: "migration.changed",
    sentence: `${by} asked for the switchover ${when}, whatever the limit.`,
    data: { by, switchover: at, predictedDowntimeMs: state.course.predicted?.midMs ?? "unknown" },
  };
  return { state: paced, effects: steering(paced), notices: [notice] };
}

/** Held while nothing may be sent; a few per cent of what the link gives while a quiet period is waited for. */
function paceOf(state: Precopy, midBytesPerSec: number | undefined): Pace {
  const { consideration, pace, course } = state;
  const duty = dutyOf(consideration.conduct);
  const cap = stepsBack(state) ? undefined : capOf(state);
  const mid = midBytesPerSec ?? course.bytesPerSec;
  const share = duty === 0 || duty === 1 || mid === undefined ? Infinity : Math.max(1, Math.round(duty * mid));
  const bandwidthBytesPerSec = Math.min(cap ?? Infinity, share);
  const next: Pace = {
    ...(Number.isFinite(bandwidthBytesPerSec) && { bandwidthBytesPerSec }),
    hold: duty === 0 || stepsBack(state),
  };
  return next.hold === pace.hold && next.bandwidthBytesPerSec === pace.bandwidthBytesPerSec ? pace : next;
}

function switchOver(state: Precopy, why: Verdict, notices: Notice[], now: number): Step<Migration> {
  const { verdict, verdictSince } = state;
  const next: Switchover = {
    ...carried(state),
    course: { ...state.course, switchoverAt: now },
    phase: "switchover",
    stage: "freezing",
    verdict,
    verdictSince,
    askedAt: now,
    since: now,
    heard: {},
  };
  const wish = state.consideration.conduct.wish;
  const asked =
    wish === undefined
      ? ""
      : `${wish.forced === true ? "as its policy wants it" : "as asked for"}, whatever the limit: `;
  const phase: Notice = {
    type: "migration.phase",
    sentence: `Switching over: ${asked}${why.sentence}`,
    data: { phase: "switchover", ...(wish !== undefined && { forced: wish.at }) },
  };
  return { state: next, effects: outstanding(next), notices: [...notices, phase] };
}

/**
 * M6: an agent that restarted has lost its part of the precopy, and a destination that has revoked will never run this epoch. The
 * source never stopped, so the guest goes on there.
 */
function reconnected(
  state: Precopy,
  { role, attempt, lost }: MigrationEvent & { type: "connected" },
  now: number,
): Step<Migration> {
  if (role === "source" && lost !== undefined) return spentBefore(state, lost, now);
  if (attempt !== undefined && attempt !== "revoked") {
    const heardAt = role === "source" ? now : state.heardAt;
    return { state: { ...state, heardAt }, effects: outstanding(state), notices: [] };
  }
  const code = role === "source" ? "SOURCE_RESTARTED" : "DESTINATION_RESTARTED";
  const host = state.facts[role].name;
  const happened = attempt === undefined ? `The agent of ${host} restarted in the middle of it` : `${host} gave up`;
  const why = reason(code, `${happened}; ${keepsServing(state)}`, { host });
  return giveUp(state, { phase: "failed", reason: why }, now);
}

function broken(state: Precopy, event: MigrationEvent & { type: "broken" }): Ending {
  const host = state.facts[whoBroke(event)].name;
  const sentence = `${host} gave up: ${event.detail}; ${keepsServing(state)}`;
  return { phase: "failed", reason: reason("CHANNEL_BROKEN", sentence, { host, code: event.code }) };
}

function hopeless(state: Precopy, why: Verdict): Ending {
  const sentence = `${why.sentence} It will not converge as the guest behaves now; ${keepsServing(state)}${passedOver(state)}`;
  return { phase: "aborted", reason: reason(why.code, sentence, why.inputs) };
}

/** M4: the deadline counts from admission. */
function pastDeadline(state: Precopy, now: number): Step<Migration> | undefined {
  const startedAt = state.course.startedAt ?? now;
  const end = endsAt(state, now);
  if (now < end) return undefined;
  const [elapsedMs, deadlineMs] = [now - startedAt, end - startedAt];
  const sentence = mayBegin(state, now)
    ? `It was not ready within its deadline of ${msText(deadlineMs)}; ${keepsServing(state)}`
    : `Its deadline of ${msText(deadlineMs)} passed while it was held back; ${keepsServing(state)}`;
  return giveUp(state, { phase: "aborted", reason: reason("DEADLINE", sentence, { elapsedMs, deadlineMs }) }, now);
}

/** M7, C12: before the stop a source that stays silent may be given up, since it runs the guest all the same. */
function silent(state: Precopy, now: number): Step<Migration> | undefined {
  if (now - state.heardAt < silenceLimitMs) return undefined;
  const host = state.facts.source.name;
  const sentence = `No figures of all devices came from ${host} for ${msText(silenceLimitMs)}; nothing was stopped.`;
  return giveUp(
    state,
    { phase: "failed", reason: reason("REPORTS_LOST", sentence, { host, silentMs: now - state.heardAt }) },
    now,
  );
}

function verdictNotices(before: Precopy, { verdict }: Precopy): Notice[] {
  if (verdict.kind === before.verdict.kind && verdict.code === before.verdict.code) return [];
  const data = { ...verdict.inputs, ...verdict.thresholds, kind: verdict.kind, code: verdict.code };
  return [{ type: "migration.verdict", sentence: verdict.sentence, data }];
}

/** What is done about a verdict before it is given up. */
function modeNotices(before: Precopy, { consideration }: Precopy): Notice[] {
  const { mode } = consideration.conduct;
  if (mode.kind === before.consideration.conduct.mode.kind || mode.kind === "sending") return [];
  const leftMs = mode.kind === "watching" ? mode.untilMs - consideration.convergence.clock.nowMs : 0;
  const sentence =
    mode.kind === "watching"
      ? `The guest's history shows quiet periods: for up to ${msText(leftMs)} it is watched for one, at a few per cent of the link.`
      : "Nothing is sent for a moment, to see how large the working set is and how fast it is written.";
  return [{ type: "migration.decision", sentence, data: { mode: mode.kind, code: mode.verdict.code } }];
}

function unchanged(state: Precopy): Step<Migration> {
  return { state, effects: [], notices: [] };
}

function keepsServing(state: Precopy): string {
  return `${state.facts.guest.name} goes on serving on ${state.facts.source.name}.`;
}

function giveUp(state: Precopy, ending: Ending, now: number, notices: Notice[] = []): Step<Migration> {
  const ended = endedWith(state, ending, ["source", "destination"], now);
  return { ...ended, notices: [...notices, ...ended.notices] };
}
