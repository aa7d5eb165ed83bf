import type { Limits, Migration } from "@godwit/contract";
import { rungText } from "@godwit/core";
import { bytes, duration, predicted, range, rate, utc } from "./format.ts";

/** Where a migration stands, in one line. */
export function statusLine(migration: Migration): string {
  const { guest, source, destination, phase, verdict, reason } = migration;
  const judged = `${verdict?.kind ?? "unknown"}, ${figuresOf(migration).join(", ")}`;
  const said = phase === "precopy" ? judged : (reason?.sentence ?? "");
  return `${guest}  ${source} -> ${destination}  ${phase}  ${said}`.trimEnd();
}

/** What the figures say, and what will be done about it: the sentences below the line above. */
export function sentencesOf({ phase, verdict, intent }: Migration): string[] {
  if (phase !== "precopy") return [];
  return [verdict?.sentence, intent?.sentence].filter((sentence) => sentence !== undefined);
}

/** Where one migration stands, with everything that explains it. */
export function migrationLines(migration: Migration): string[] {
  const { verdict, intent, policy, limits, endedAt } = migration;
  const explained = [
    verdict === undefined
      ? undefined
      : `verdict    ${verdict.kind} (${verdict.code}) since ${utc(verdict.since)}: ${verdict.sentence}`,
    intent === undefined
      ? undefined
      : `intent     ${intent.kind}${intent.at === undefined ? "" : ` at ${utc(intent.at)}`}: ${intent.sentence}`,
    `policy     ${policy ?? "none"}: ${limitsText(limits)}`,
  ].filter((line) => line !== undefined);
  return [
    statusLine(migration),
    ...heardLines(migration),
    ...(migration.reason?.code === "OLDER_COPY"
      ? [`accept     godwit migration accept-older-copy ${migration.id}`]
      : []),
    ...explained,
    ...(endedAt === undefined ? [] : reportLines(migration)),
  ];
}

/** What each side last said: all that there is to go by while the phase is unknown. */
function heardLines({ phase, source, destination, heard }: Migration): string[] {
  if (phase !== "unknown") return [];
  const last = (word: { said: string; at: string } | undefined) =>
    word === undefined ? "nothing since the switchover began" : `"${word.said}" at ${utc(word.at)}`;
  return [
    `heard      of ${source} (source): ${last(heard?.source)}`,
    `           of ${destination} (destination): ${last(heard?.destination)}`,
  ];
}

/** Predicted against actual, when it has ended. */
export function reportLines(migration: Migration): string[] {
  const { report, phase, reason } = migration;
  const lines = [`${phase}: ${reason?.sentence ?? ""}`];
  if (report?.downtimeMs === undefined) return lines;
  const { downtimeMs, downtimeLimitMs, predictedDowntimeMs, predictedDowntimeRangeMs, withinLimit } = report;
  const before =
    predictedDowntimeMs === undefined
      ? "not predicted"
      : `predicted ${predicted(predictedDowntimeMs, predictedDowntimeRangeMs)}`;
  const limit = `limit ${duration(downtimeLimitMs)}${withinLimit === false ? ", which it exceeded" : ""}`;
  return [
    ...lines,
    `downtime   ${duration(downtimeMs)}, ${before}, ${limit}`,
    `moved      ${bytes(report.sentBytes)} in ${report.rounds} rounds and the last pass, ${bytes(report.stoppedBytes ?? 0)} of it after the stop; ${duration(report.totalMs)} in all`,
  ];
}

/** Limits in one line, in the words of their flags. */
export function limitsText({
  downtimeLimitMs,
  deadlineMs,
  bandwidthBytesPerSec,
  patience,
  ladder,
  hold,
  window,
}: Limits): string {
  return [
    `downtime at most ${duration(downtimeLimitMs)}`,
    `deadline ${duration(deadlineMs)}`,
    bandwidthBytesPerSec === undefined ? undefined : `bandwidth at most ${rate(bandwidthBytesPerSec)}`,
    `patience ${patience}`,
    ladder.length === 0 ? undefined : `remedies ${ladder.map(rungText).join(", then ")}`,
    hold ? "held at the brink" : undefined,
    window === undefined ? undefined : `window ${window.from}-${window.to} UTC`,
  ]
    .filter((part) => part !== undefined)
    .join("; ");
}

function figuresOf(migration: Migration): string[] {
  const { predictedDowntimeMs, predictedDowntimeRangeMs, limits, bandwidthBytesPerSec, etaRangeMs, devices } =
    migration;
  const pendingBytes = devices.reduce(
    (sum, { pending }) => sum + (pending === undefined ? 0 : pending.precopyBytes + pending.stopcopyBytes),
    0,
  );
  return [
    `pending ${bytes(pendingBytes)}`,
    bandwidthBytesPerSec === undefined ? undefined : rate(bandwidthBytesPerSec),
    predictedDowntimeMs === undefined
      ? undefined
      : `downtime ${predicted(predictedDowntimeMs, predictedDowntimeRangeMs)} of ${duration(limits.downtimeLimitMs)}`,
    etaRangeMs === undefined ? undefined : readyText(etaRangeMs),
  ].filter((figure) => figure !== undefined);
}

function readyText([lowMs, highMs]: readonly [number, number]): string {
  return highMs === 0 ? "ready now" : `ready in ${range([lowMs, highMs])}`;
}
