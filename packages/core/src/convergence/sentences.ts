import { type Reason, bytesText, msText, rateText } from "../reason.ts";
import type { Need } from "./advice.ts";
import type { BandwidthRange } from "./bandwidth.ts";
import type { Forecast } from "./forecast.ts";
import { type Observation, heaviestBy, movableBytes, precopyBytes, sentBytes, stopcopyBytes } from "./observation.ts";
import type { Policy } from "./policy.ts";
import type { Verdict, VerdictKind } from "./verdict.ts";

/** The verdicts in words, each with the figures that it rests on and what they were held against. */

type Inputs = Reason["inputs"];

export function measuring(observation: Observation): Verdict {
  const pendingBytes = precopyBytes(observation);
  const sentence = `The bandwidth is being measured; ${bytesText(pendingBytes)} are pending.`;
  return verdict("unknown", "MEASURING", sentence, { pendingBytes });
}

export function noBandwidth(observation: Observation): Verdict {
  const bytes = stopcopyBytes(observation);
  const sentence =
    `${bytesText(bytes)} can move only after the stop, so that no bandwidth can be measured before it; ` +
    `what the link of a host carries must be said in its configuration.`;
  return verdict("needsMore", "BANDWIDTH_UNKNOWN", sentence, { stopcopyBytes: bytes, proof: true });
}

export function converging(
  observation: Observation,
  policy: Policy,
  predicted: Forecast,
  bytesPerSec: number,
): Verdict {
  const pendingBytes = precopyBytes(observation) + stopcopyBytes(observation);
  const at = Number.isFinite(bytesPerSec) ? ` at ${rateText(bytesPerSec)}` : "";
  const sentence = `${bytesText(pendingBytes)} are pending${at}; predicted downtime ${limitText(predicted, policy)}.`;
  return verdict(
    "converging",
    "CONVERGING",
    sentence,
    { pendingBytes, ...forecastInputs(predicted), ...rateInput(bytesPerSec) },
    policy,
  );
}

export function initial(observation: Observation, policy: Policy, predicted: Forecast): Verdict {
  const device = heaviestBy(observation, ({ pending }) => pending.initialBytes);
  const { initialBytes } = device.pending;
  const sentence = `${device.name} has ${bytesText(initialBytes)} of initial data to send before a switchover is worth trying.`;
  return verdict(
    "converging",
    "INITIAL_DATA",
    sentence,
    { device: device.name, initialBytes, ...forecastInputs(predicted) },
    policy,
  );
}

/** `surely` when the upper end of the interval fits too; else it probably fits and does not get better. */
export function fits(predicted: Forecast, policy: Policy, surely: boolean): Verdict {
  const limit = `the limit of ${msText(policy.downtimeLimitMs)}`;
  const sentence = surely
    ? `Predicted downtime ${msText(predicted.midMs)}, at most ${msText(predicted.highMs)}, fits ${limit}.`
    : `Predicted downtime ${msText(predicted.midMs)}, at most ${msText(predicted.highMs)}: it probably fits ${limit}, and it does not get better.`;
  return verdict("ready", surely ? "FITS_LIMIT" : "LIKELY_FITS", sentence, forecastInputs(predicted), policy);
}

export interface StopFigures {
  leastMs: number;
  fixedMs: number;
  bytesPerSec: number;
  proof: boolean;
  need: Need;
}

/** What only the stop can do takes too long: by the bytes of the devices, or by their own times where there are no such bytes. */
export function stopOnly(observation: Observation, policy: Policy, figures: StopFigures): Verdict {
  const { leastMs, fixedMs, bytesPerSec, proof, need } = figures;
  const bytes = stopcopyBytes(observation);
  const inputs = { leastDowntimeMs: leastMs, fixedMs, proof, ...needInputs(need) };
  const limit = msText(policy.downtimeLimitMs);
  if (bytes === 0) {
    const slowest = heaviestBy(observation, ({ pending }) => pending.fixedMs + (pending.saveMs ?? 0));
    const own = slowest.pending.fixedMs + (slowest.pending.saveMs ?? 0);
    const sentence = `${slowest.name} needs ${msText(own)} of its own to stop, load and start, and with the round trips the downtime is at least ${msText(leastMs)} whatever the bandwidth; the limit is ${limit}.`;
    return verdict("hopeless", "FIXED_COSTS", sentence, { device: slowest.name, ownMs: own, ...inputs }, policy);
  }
  const largest = heaviestBy(observation, ({ pending }) => pending.stopcopyBytes);
  const whatever = fixedMs > policy.downtimeLimitMs || !Number.isFinite(bytesPerSec);
  const at = whatever ? "whatever the bandwidth" : `at ${rateText(bytesPerSec)}`;
  const sentence =
    `${largest.name} can send ${bytesText(largest.pending.stopcopyBytes)} only once it is stopped; all that takes at least ` +
    `${msText(leastMs)} ${at}, and the limit is ${limit}.${adviceText(need)}`;
  return verdict(
    "hopeless",
    "STOP_ONLY",
    sentence,
    { device: largest.name, stopcopyBytes: bytes, ...rateInput(bytesPerSec), ...inputs },
    policy,
  );
}

export function stalled(observation: Observation, sinceMs: number, limitMs: number): Verdict {
  const pendingBytes = precopyBytes(observation);
  const sentence = `Nothing has moved for ${msText(sinceMs)} although ${bytesText(pendingBytes)} are pending.`;
  const inputs = { pendingBytes, sinceMs, sentBytes: sentBytes(observation) };
  return { ...verdict("hopeless", "NO_PROGRESS", sentence, inputs), thresholds: { noProgressMs: limitMs } };
}

export function reportsLost(silentMs: number, limitMs: number): Verdict {
  const sentence = `No figures have come for ${msText(silentMs)}.`;
  return { ...verdict("unknown", "REPORTS_LOST", sentence, { silentMs }), thresholds: { reportsLostMs: limitMs } };
}

export function deadline(elapsedMs: number, policy: Policy): Verdict {
  const deadlineText = `deadline of ${msText(policy.deadlineMs)}`;
  const sentence = policy.maySwitchOver
    ? `It was not ready within its ${deadlineText}.`
    : `Its ${deadlineText} passed while it was held back.`;
  return {
    ...verdict("hopeless", "DEADLINE", sentence, { elapsedMs, proof: true }),
    thresholds: { deadlineMs: policy.deadlineMs },
  };
}

/** The first pass alone takes longer than there is time. */
export function tooLate(
  unsentBytes: number,
  bytesPerSec: number,
  leftMs: number,
  policy: Policy,
  proof: boolean,
): Verdict {
  const needMs = (unsentBytes / bytesPerSec) * 1000;
  const sentence = `${bytesText(unsentBytes)} have not been sent once; at ${rateText(bytesPerSec)} that takes ${msText(needMs)}, and ${msText(leftMs)} are left of the deadline.`;
  const inputs = { unsentBytes, bytesPerSec, leftMs, proof };
  return { ...verdict("hopeless", "DEADLINE", sentence, inputs), thresholds: { deadlineMs: policy.deadlineMs } };
}

/** C7: a cap of the migration's own is what makes it take so long. */
export function tooLateUnderCap(unsentBytes: number, capBytesPerSec: number, leftMs: number, policy: Policy): Verdict {
  const needMs = (unsentBytes / capBytesPerSec) * 1000;
  const sentence = `${bytesText(unsentBytes)} have not been sent once; at the ${rateText(capBytesPerSec)} that the migration may use that takes ${msText(needMs)}, and ${msText(leftMs)} are left of the deadline.`;
  const needBytesPerSec = Math.ceil((unsentBytes / Math.max(1, leftMs)) * 1000);
  const inputs = { unsentBytes, capBytesPerSec, leftMs, needBytesPerSec, proof: true };
  return { ...verdict("needsMore", "DEADLINE", sentence, inputs), thresholds: { deadlineMs: policy.deadlineMs } };
}

export function degraded(bytesPerSec: number, expectedBytesPerSec: number): Verdict {
  const sentence = `The link gives ${rateText(bytesPerSec)} of the ${rateText(expectedBytesPerSec)} that it should; the guest is not to blame.`;
  return {
    ...verdict("degraded", "LINK_DEGRADED", sentence, { bytesPerSec, expectedBytesPerSec }),
    thresholds: { expectedBytesPerSec },
  };
}

export interface BlockedFigures {
  code: "DIRTY_RATE" | "WORKING_SET" | "MARGINAL";
  predicted: Forecast;
  bandwidth: BandwidthRange;
  dirtyBytesPerSec: number;
  windowMs: number;
  samples: number;
  need: Need;
  /** The cap that holds it back although the link could do more. */
  capBytesPerSec: number | undefined;
  /** What the link should give, where it gives much less. */
  expectedBytesPerSec: number | undefined;
}

/** It outruns what carries it, or stays above the limit, or never surely fits. */
export function blocked(observation: Observation, policy: Policy, figures: BlockedFigures): Verdict {
  const { code, predicted, bandwidth, dirtyBytesPerSec, capBytesPerSec, expectedBytesPerSec, need } = figures;
  const device = heaviestBy(observation, movableBytes);
  const link = Number.isFinite(bandwidth.mid) ? `the link gives ${rateText(bandwidth.mid)}` : "nothing has to be sent";
  const carrier = capBytesPerSec === undefined ? link : `the migration may use ${rateText(capBytesPerSec)}`;
  const written = `${device.name} is written at ${rateText(dirtyBytesPerSec)} and ${carrier}`;
  const blame = expectedBytesPerSec === undefined ? "" : ` The link should give ${rateText(expectedBytesPerSec)}.`;
  const sentence = `${written}: ${courseOf(figures)} predicted downtime ${limitText(predicted, policy)}.${blame}${adviceText(need)}`;
  const inputs: Inputs = {
    device: device.name,
    pendingBytes: movableBytes(device),
    dirtyBytesPerSec,
    ...rateInput(bandwidth.mid),
    ...forecastInputs(predicted),
    ...needInputs(need),
    ...(capBytesPerSec !== undefined && { capBytesPerSec }),
    ...(expectedBytesPerSec !== undefined && { expectedBytesPerSec }),
    proof: false,
  };
  const kind = capBytesPerSec === undefined ? "hopeless" : "needsMore";
  const thresholds = { downtimeLimitMs: policy.downtimeLimitMs, windowMs: figures.windowMs, samples: figures.samples };
  return { ...verdict(kind, code, sentence, inputs, policy), thresholds };
}

function courseOf({ code, windowMs, samples }: BlockedFigures): string {
  const over = `over ${msText(windowMs)} and ${samples} exact figures`;
  if (code === "DIRTY_RATE") return "clean memory is written faster than it can be sent;";
  return code === "MARGINAL"
    ? `${over} it came near the limit and never surely below it;`
    : `${over} it has come no nearer to the limit;`;
}

/** The limit is a figure, everything else only about right. */
function adviceText({ limitMs, bytesPerSec, throttle, fixedMs, deviceFaster }: Need): string {
  const limit = ` A limit of ${msText(limitMs)} would do`;
  if (fixedMs !== undefined) return `${limit}; ${msText(fixedMs)} of it are fixed costs, which no bandwidth shortens.`;
  const others = [
    bytesPerSec === undefined ? undefined : `about ${rateText(bytesPerSec)}`,
    throttle === undefined || throttle === 0 ? undefined : `a guest slowed by about ${Math.round(100 * throttle)} %`,
    deviceFaster === undefined ? undefined : `a device ${deviceFaster} times as fast`,
  ].filter((each) => each !== undefined);
  return others.length === 0 ? `${limit}.` : `${limit}, or ${others.join(", or ")}.`;
}

function needInputs(need: Need): Inputs {
  const named: [string, number | undefined][] = [
    ["needLimitMs", need.limitMs],
    ["needBytesPerSec", need.bytesPerSec],
    ["needFixedMs", need.fixedMs],
    ["needDeviceFaster", need.deviceFaster],
    ["needThrottle", need.throttle],
    ["workingSetBytes", need.workingSetBytes],
    ["writtenBytesPerSec", need.writtenBytesPerSec],
  ];
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** What has nothing to move needs no bandwidth, and none is named. */
function rateInput(bytesPerSec: number): Inputs {
  return Number.isFinite(bytesPerSec) ? { bytesPerSec } : {};
}

function forecastInputs(predicted: Forecast): Inputs {
  return { predictedDowntimeMs: predicted.midMs, lowMs: predicted.lowMs, highMs: predicted.highMs };
}

function verdict(kind: VerdictKind, code: string, sentence: string, inputs: Inputs, policy?: Policy): Verdict {
  // The limit is a figure of the reason too: what is told of an end has no thresholds beside it.
  const limit: Record<string, number> = policy === undefined ? {} : { downtimeLimitMs: policy.downtimeLimitMs };
  return { kind, code, sentence, inputs: { ...inputs, ...limit }, thresholds: limit };
}

function limitText(predicted: Forecast, policy: Policy): string {
  return `${msText(predicted.midMs)}, limit ${msText(policy.downtimeLimitMs)}`;
}
