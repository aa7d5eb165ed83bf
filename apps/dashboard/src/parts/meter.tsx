import type { Migration } from "@godwit/contract";
import type { ReactNode } from "react";
import { duration, limit, range } from "../figures.ts";

type Predicted = Pick<Migration, "predictedDowntimeMs" | "predictedDowntimeRangeMs" | "limits">;

/** In the drawing's units: the track reaches to twice the limit, whose mark thus stands in the middle. */
const width = 1000;
const height = 10;
const half = width / 2;

/** The predicted downtime against the limit, with both in words. */
export function DowntimeMeter({ of: migration }: { of: Predicted }): ReactNode {
  const { predictedDowntimeMs: ms, predictedDowntimeRangeMs: rangeMs, limits } = migration;
  return (
    <div className="@container">
      <div className="grid grid-cols-2 @max-[440px]:grid-cols-1">
        <p className="flex h-5 min-w-0 items-baseline gap-2 overflow-hidden pr-2 whitespace-nowrap text-ink-soft">
          <span className="label">Predicted downtime</span>
          <strong className="min-w-[62px] text-[15px] font-[650] text-ink">
            {ms === undefined ? "not known yet" : duration(ms)}
          </strong>
          <span className="@max-[800px]:hidden">{rangeMs === undefined ? "" : `likely ${range(rangeMs)}`}</span>
        </p>
        <p className="h-5 pl-0.5 text-ink-soft @max-[440px]:pl-0">
          limit {limit(limits.downtimeLimitMs)}
          {rangeMs === undefined ? "" : <span className="@min-[800px]:hidden">{`, likely ${range(rangeMs)}`}</span>}
        </p>
        <div className="col-span-full">
          <Gauge of={migration} />
        </div>
      </div>
    </div>
  );
}

/**
 * Full up to the lower end of the band, lighter up to the upper end, with a stroke at the middle. What is above the limit has another
 * colour. What is off the track is told by the figures and by a torn end.
 */
export function Gauge({
  of: { predictedDowntimeMs: ms, predictedDowntimeRangeMs, limits },
}: {
  of: Predicted;
}): ReactNode {
  const { downtimeLimitMs } = limits;
  const full = 2 * downtimeLimitMs;
  const x = (at: number) => Math.min(1, at / full) * width;
  const [low, high] = predictedDowntimeRangeMs ?? [ms ?? 0, ms ?? 0];
  const said = ms === undefined ? "not known yet" : `${duration(ms)}, likely ${range([low, high])}`;
  return (
    <div
      className="meter gauge"
      role="meter"
      aria-label="Predicted downtime"
      aria-valuemin={0}
      aria-valuemax={full}
      aria-valuenow={Math.min(ms ?? 0, full)}
      aria-valuetext={`${said}; the limit is ${limit(downtimeLimitMs)}`}
      data-fits={ms === undefined ? undefined : fits(ms, high, downtimeLimitMs)}
    >
      <svg viewBox={`0 -4 ${width} ${height + 8}`} preserveAspectRatio="none" aria-hidden="true">
        <Side name="below" from={0} low={x(low)} high={x(high)} />
        <Side name="above" from={half} low={x(low)} high={x(high)} />
        {ms !== undefined && ms <= full && <Stroke name="middle" at={x(ms)} beyond={2} />}
        <Stroke name="mark" at={half} beyond={4} />
        {high > full && <path className="off" d={`M${width - 26} -2l-10 14M${width - 14} -2l-10 14`} />}
      </svg>
    </div>
  );
}

/** How a downtime compares to its limit: surely below, perhaps, or above. */
function fits(ms: number, highMs: number, limitMs: number): "yes" | "perhaps" | "no" {
  if (highMs <= limitMs) return "yes";
  return ms <= limitMs ? "perhaps" : "no";
}

/** What lies on one side of the limit: the same bar and band on both, cut off there, so that each side has its own colour. */
function Side({ name, from, low, high }: { name: string; from: number; low: number; high: number }): ReactNode {
  return (
    <svg
      className={name}
      x={from}
      y={0}
      width={half}
      height={height}
      viewBox={`${from} 0 ${half} ${height}`}
      preserveAspectRatio="none"
    >
      <rect className="track" width={width} height={height} />
      <rect className="bar" width={low} height={height} />
      <rect className="band" x={low} width={high - low} height={height} />
    </svg>
  );
}

function Stroke({ name, at, beyond }: { name: string; at: number; beyond: number }): ReactNode {
  return <line className={name} x1={at} x2={at} y1={-beyond} y2={height + beyond} />;
}
