import type { Plan, PlanSet } from "@godwit/contract";
import { obstacleLines } from "./drain-text.ts";
import { bytes, duration, range, rate } from "./format.ts";
import { limitsText } from "./migration-text.ts";

/** What a migration would do, with every check and what it would come to. */
export function planLines(plan: Plan): string[] {
  const head = `${plan.guest}: ${plan.source} -> ${plan.destination}: ${plan.possible ? "possible" : "not possible"}`;
  const checks = plan.checks.map(
    ({ ok, detail, fix }) => `  ${ok ? "ok     " : "refused"}  ${detail}${fix === undefined ? "" : ` ${fix}`}`,
  );
  const figures: [string, string | undefined][] = [
    ["state", plan.sizeBytes > 0 ? bytes(plan.sizeBytes) : undefined],
    ["first pass", plan.firstPassMs === undefined ? undefined : `about ${duration(plan.firstPassMs)}`],
    ...outlookFigures(plan),
    ["policy", `${plan.policy ?? "none"}: ${limitsText(plan.limits)}`],
    ...plan.remedies.map(({ sentence }, index): [string, string] => [index === 0 ? "remedies" : "", sentence]),
    ["would wait", plan.waitsFor?.sentence],
    ["plan", plan.id],
  ];
  const lines = figures.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(17)}${text}`]));
  return [head, ...checks, ...lines];
}

/** The plans of several guests, and for which of them there is no host. */
export function planSetLines({ plans, unplaced }: PlanSet): string[] {
  return [
    ...plans.flatMap(planLines),
    ...unplaced.flatMap(({ guest, reason, remedy, obstacles }) => [
      `${guest}: no host: ${reason.sentence} ${remedy}`,
      ...obstacleLines(obstacles),
    ]),
  ];
}

function outlookFigures({ outlook, learned, limits }: Plan): [string, string | undefined][] {
  if (outlook === undefined) return [["learnt", learntText(learned)]];
  const { verdict, durationRangeMs, predictedDowntimeRangeMs, probability, dominant } = outlook;
  const limit = duration(limits.downtimeLimitMs);
  return [
    ["verdict", `${verdict.kind} (${verdict.code}): ${verdict.sentence}`],
    ["duration", durationRangeMs === undefined ? undefined : range(durationRangeMs)],
    [
      "downtime",
      predictedDowntimeRangeMs === undefined ? undefined : `${range(predictedDowntimeRangeMs)}, limit ${limit}`,
    ],
    [
      "fits the limit",
      probability === undefined ? undefined : `with a probability of ${Math.round(100 * probability)} %`,
    ],
    ["longest part", dominant === undefined ? undefined : dominantText(dominant)],
    ["learnt", learntText(learned)],
  ];
}

type Dominant = NonNullable<NonNullable<Plan["outlook"]>["dominant"]>;

/** What the part is, in the words of what the devices declare. */
const parts: Record<Dominant["part"], string> = {
  fixed: "fixed costs",
  device: "what a device takes for its own bytes",
  stopcopy: "what can move only after the stop",
  dirty: "what is written during the last round",
};

function dominantText({ part, device, ms }: Dominant): string {
  return `${parts[part]}${device === undefined ? "" : `, most of all of ${device}`}: ${duration(ms)}`;
}

function learntText(learned: Plan["learned"]): string | undefined {
  if (learned === undefined) return undefined;
  const { migrations, bandwidthBytesPerSec, stopResumeMs, stopResumeSdMs, costFactors } = learned;
  const spread = stopResumeSdMs === undefined ? "" : ` ± ${duration(stopResumeSdMs)}`;
  const factors = Object.entries(costFactors).map(
    ([device, factor]) => `${device} takes ${Number(factor.toPrecision(3))} times what it declares`,
  );
  const figures = [
    bandwidthBytesPerSec === undefined ? undefined : rate(bandwidthBytesPerSec),
    stopResumeMs === undefined ? undefined : `stop and resume ${duration(stopResumeMs)}${spread}`,
    ...factors,
  ].filter((figure) => figure !== undefined);
  if (figures.length === 0) return "nothing yet: too few migrations between the two hosts have completed";
  const from = `from ${migrations} ${migrations === 1 ? "migration" : "migrations"} between the two hosts`;
  return `${figures.join(", ")} (${from})`;
}
