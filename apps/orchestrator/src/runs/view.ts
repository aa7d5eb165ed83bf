import type { Migration as View, Report } from "@godwit/contract";
import {
  awaitsAcceptance,
  type Ended,
  fittingBytes,
  intentOf,
  isEnded,
  isUnknown,
  type Migration,
  type Named,
  schedulingOf,
  type Share,
} from "@godwit/core";
import { dateOf } from "../clock.ts";

/** A migration as the API shows it. */
export function viewOf(state: Migration, now: number): View {
  const { facts, course } = state;
  const { predicted } = course;
  return {
    id: facts.id,
    ...named("guest", facts.guest),
    ...named("source", facts.source),
    ...named("destination", facts.destination),
    phase: state.phase === "switchover" && isUnknown(state, now) ? "unknown" : state.phase,
    reason: reasonOf(state),
    waitsFor: state.phase === "queued" ? state.waitsFor : undefined,
    expectedStart: state.phase === "queued" ? stampIf(state.expectedStartAt) : undefined,
    ...schedulingView(state),
    verdict: verdictOf(state),
    intent: intentView(state, now),
    policy: facts.policy,
    limits: { ...state.limits, ladder: [...state.limits.ladder] },
    epoch: facts.epoch + 1,
    predictedDowntimeMs: tenths(predicted?.midMs),
    predictedDowntimeRangeMs: predicted === undefined ? undefined : [tenths(predicted.lowMs), tenths(predicted.highMs)],
    downtimeMs: isEnded(state) ? tenths(state.downtimeMs) : undefined,
    fitsBytes: fitsBytesOf(state),
    etaRangeMs:
      state.phase === "precopy" && course.eta !== undefined
        ? [Math.round(course.eta.lowMs), Math.round(course.eta.highMs)]
        : undefined,
    bandwidthBytesPerSec: rounded(course.bytesPerSec),
    dirtyBytesPerSec: rounded(course.dirtyBytesPerSec),
    sentBytes: course.devices.reduce((sum, device) => sum + device.sentBytes, 0),
    heard: heardOf(state),
    devices: course.devices.map(deviceOf),
    report: isEnded(state) ? reportOf(state) : undefined,
    createdAt: stamp(facts.createdAt),
    startedAt: stampIf(course.startedAt),
    precopyAt: stampIf(course.precopyAt),
    figuresAt: state.phase === "precopy" ? stamp(state.heardAt) : undefined,
    switchoverAt: stampIf(course.switchoverAt),
    endedAt: isEnded(state) ? stamp(state.endedAt) : undefined,
  };
}

/** What was asked of the planner, and what it has given. */
function schedulingView({ facts, share, phase }: Migration) {
  const asked = schedulingOf(facts);
  const { priority, group, notBefore, deadlineAt, windows, keepApart, placement, drainId, retryOf } = asked;
  const isUnderWay = phase === "preflight" || phase === "precopy" || phase === "switchover";
  return {
    priority,
    group: group === "" ? undefined : group,
    notBefore: stampIf(notBefore),
    deadline: stampIf(deadlineAt),
    maintenanceWindows:
      windows.length === 0
        ? undefined
        : windows.map(({ opensAt, closesAt, everyMs }) => ({
            opensAt: stamp(opensAt),
            closesAt: stamp(closesAt),
            everyMs,
          })),
    keepApart,
    placement: placement?.how,
    drainId,
    retryOf,
    attempts: asked.attempts.length,
    share: isUnderWay && share !== undefined ? shareView(share) : undefined,
  };
}

function shareView({ guaranteedBytesPerSec, bytesPerSec, reservedBytesPerSec, because }: Share): View["share"] {
  return {
    guaranteedBytesPerSec: Math.round(guaranteedBytesPerSec),
    bytesPerSec: rounded(bytesPerSec),
    reservedBytesPerSec: rounded(reservedBytesPerSec),
    sentence: because.sentence,
  };
}

function reportOf(state: Ended): Report {
  const { course, facts, released, limits } = state;
  const { predicted } = course;
  return {
    predictedDowntimeMs: tenths(predicted?.midMs),
    predictedDowntimeRangeMs: predicted === undefined ? undefined : [tenths(predicted.lowMs), tenths(predicted.highMs)],
    downtimeMs: tenths(state.downtimeMs),
    downtimeLimitMs: limits.downtimeLimitMs,
    withinLimit: state.downtimeMs === undefined ? undefined : state.downtimeMs <= limits.downtimeLimitMs,
    totalMs: Math.round(state.endedAt - (course.startedAt ?? facts.createdAt)),
    precopyMs:
      course.precopyAt === undefined
        ? undefined
        : Math.round((course.switchoverAt ?? state.endedAt) - course.precopyAt),
    rounds: Math.max(0, ...course.devices.map((device) => device.rounds)),
    sentBytes: course.devices.reduce((sum, device) => sum + device.sentBytes, 0),
    stoppedBytes: released?.stoppedBytes,
    bandwidthBytesPerSec: rounded(course.bytesPerSec),
    switchover:
      released === undefined || state.startedMs === undefined
        ? undefined
        : {
            stoppedMs: tenths(released.stoppedMs),
            grantMs: tenths(released.rttMs / 2),
            startedMs: tenths(state.startedMs),
          },
    devices: course.devices.map(deviceOf),
  };
}

function fitsBytesOf({ course: { predicted, bytesPerSec }, limits }: Migration): number | undefined {
  if (predicted === undefined || bytesPerSec === undefined) return undefined;
  return Math.round(fittingBytes(predicted, limits.downtimeLimitMs, bytesPerSec));
}

function deviceOf(device: Migration["course"]["devices"][number]): View["devices"][number] {
  const { since: _, ...shown } = device;
  return {
    ...shown,
    dirtyBytesPerSec: rounded(shown.dirtyBytesPerSec),
    predictedMs: tenths(shown.predictedMs),
  };
}

/** What is known while nobody answers. */
function heardOf(state: Migration): View["heard"] {
  if (state.phase !== "switchover") return undefined;
  const { source, destination } = state.heard;
  return { source: source && word(source), destination: destination && word(destination) };
}

function word({ said, at }: { said: string; at: number }): { said: string; at: string } {
  return { said, at: stamp(at) };
}

function reasonOf(state: Migration): View["reason"] {
  if (state.phase === "queued") return state.waitsFor;
  if (state.phase === "switchover") return awaitsAcceptance(state) ?? state.cause?.reason;
  return isEnded(state) ? state.reason : undefined;
}

function verdictOf(state: Migration): View["verdict"] {
  if (!("verdict" in state) || state.verdict === undefined) return undefined;
  return { ...state.verdict, since: stamp(state.verdictSince ?? state.facts.createdAt) };
}

/** What is intended, with the time at which it will be done. */
function intentView(state: Migration, now: number): View["intent"] {
  const intent = intentOf(state, now);
  if (intent === undefined) return undefined;
  const { kind, sentence, inMs } = intent;
  // Reckoned by the last figures: it does not move on while none come.
  const from = state.phase === "precopy" ? state.heardAt : now;
  return { kind, sentence, at: inMs === undefined ? undefined : stamp(from + inMs) };
}

function named<Key extends string>(key: Key, { id, name }: Named) {
  // A computed key widens to string; these two are exactly the view's.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { [key]: name, [`${key}Id`]: id } as Record<Key | `${Key}Id`, string>;
}

function stamp(ms: number): string {
  return dateOf(ms).toISOString();
}

function stampIf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : stamp(ms);
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value);
}

/** Milliseconds to a tenth: more digits than that would only pretend. */
function tenths(value: number): number;
function tenths(value: number | undefined): number | undefined;
function tenths(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 10) / 10;
}
