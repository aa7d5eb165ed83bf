import type { Migration, Sample } from "@godwit/contract";
import { type ReactNode, useMemo } from "react";
import { bytes, duration, limit, rate, running } from "../figures.ts";
import { Section } from "../parts/panel.tsx";
import { type Chart, Plot, type Series } from "../parts/plot.tsx";
import { pendingOf, totalPendingOf, useCourse } from "./course.ts";

const colours = ["--series-1", "--series-2", "--series-3", "--series-4"];
const roundTicksAtMost = 60;

/** What is left of each device, how long the pause would be, and what the link gives against what is written. */
export function Charts({ of: migration }: { of: Migration }): ReactNode {
  const course = useCourse(migration.id);
  const charts = useMemo(
    () => [pendingChart(course, migration), downtimeChart(course, migration), rateChart(course)],
    [course, migration],
  );
  const gone = migration.endedAt !== undefined && course.length === 0;
  return (
    <Section title="Course" aside={gone ? "none was recorded, or it is not kept any more" : "since the start"} bare>
      <div className="grid gap-3 xl:grid-cols-3">
        {charts.map((chart) => (
          <div key={chart.title} className="panel min-w-0">
            <Plot chart={chart} />
          </div>
        ))}
      </div>
    </Section>
  );
}

function pendingChart(course: Sample[], { devices }: Migration): Chart {
  const last = course.at(-1);
  const left = last === undefined ? "" : `${bytes(totalPendingOf(last))} pending`;
  const fits = last?.fitsBytes === undefined ? "" : `; the limit leaves room for ${bytes(last.fitsBytes)}`;
  return {
    title: "Pending",
    sentence: `Pending bytes of each device over time: ${left}${fits}.`,
    seconds: secondsOf(course),
    series: [
      ...devices.map(({ name }, index): Series => ({
        name,
        colour: colours[index % colours.length] ?? "--ink",
        values: course.map((sample) => {
          const device = sample.devices.find((each) => each.name === name);
          return device === undefined ? null : pendingOf(device);
        }),
      })),
      { name: "fits the limit", colour: "--ink", dashed: true, values: of(course, ({ fitsBytes }) => fitsBytes) },
    ],
    ticks: roundTicks(course),
    text: bytes,
  };
}

/** Where a round has ended; where there are too many of them to be told apart, none. */
function roundTicks(course: Sample[]): number[] {
  const rounds = (sample: Sample | undefined) => Math.max(0, ...(sample?.devices ?? []).map((device) => device.rounds));
  const ticks = course.flatMap((sample, index) =>
    index > 0 && rounds(sample) > rounds(course[index - 1]) ? [sample.elapsedMs / 1000] : [],
  );
  return ticks.length > roundTicksAtMost ? [] : ticks;
}

function downtimeChart(course: Sample[], migration: Migration): Chart {
  const { downtimeMs, predictedDowntimeMs, limits } = migration;
  const said =
    predictedDowntimeMs === undefined ? "nothing predicted yet" : `${duration(predictedDowntimeMs)} predicted`;
  const actual = downtimeMs === undefined ? "" : `, ${duration(downtimeMs)} in the end`;
  return {
    title: "Downtime if it stopped then",
    sentence: `Predicted downtime over time: ${said}${actual}; the limit is ${limit(limits.downtimeLimitMs)}.`,
    seconds: secondsOf(course),
    // The band first: what is drawn later lies upon it.
    series: [
      {
        name: "at most",
        colour: "--line-strong",
        dashed: true,
        values: of(course, (sample) => sample.predictedDowntimeRangeMs?.[1]),
      },
      {
        name: "at least",
        colour: "--line-strong",
        dashed: true,
        values: of(course, (sample) => sample.predictedDowntimeRangeMs?.[0]),
      },
      { name: "predicted", colour: "--series-1", values: of(course, (sample) => sample.predictedDowntimeMs) },
      { name: "limit", colour: "--ink", dashed: true, values: of(course, (sample) => sample.downtimeLimitMs) },
    ],
    band: [0, 1],
    mark: actualOf(migration),
    text: duration,
  };
}

/** The true value, where it came about. */
function actualOf({ downtimeMs, switchoverAt, startedAt }: Migration): Chart["mark"] {
  if (downtimeMs === undefined || switchoverAt === undefined || startedAt === undefined) return undefined;
  const at = (Date.parse(switchoverAt) - Date.parse(startedAt)) / 1000;
  return { name: "actual", colour: "--good-fill", at, value: downtimeMs };
}

function rateChart(course: Sample[]): Chart {
  const last = course.at(-1);
  return {
    title: "Link and writing",
    sentence: `Bandwidth and dirty rate over ${running(last?.elapsedMs ?? 0)}: the link gives ${rate(last?.bandwidthBytesPerSec)}, the guest writes ${rate(last?.dirtyBytesPerSec)}.`,
    seconds: secondsOf(course),
    series: [
      { name: "bandwidth", colour: "--series-1", values: of(course, (sample) => sample.bandwidthBytesPerSec) },
      { name: "written", colour: "--series-2", values: of(course, (sample) => sample.dirtyBytesPerSec) },
    ],
    text: rate,
  };
}

function secondsOf(course: Sample[]): number[] {
  return course.map(({ elapsedMs }) => elapsedMs / 1000);
}

function of(course: Sample[], value: (sample: Sample) => number | undefined): (number | null)[] {
  return course.map((sample) => value(sample) ?? null);
}
