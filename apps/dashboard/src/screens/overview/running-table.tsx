import type { Migration, Sample } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, duration, limit, rate, wait } from "../../figures.ts";
import { keys } from "../../live/cache.ts";
import { totalPendingOf } from "../../migration/course.ts";
import { sentenceOf } from "../../migration/verdict-card.tsx";
import { Badge, Way } from "../../parts/badge.tsx";
import { Gauge } from "../../parts/meter.tsx";
import { phases, verdicts } from "../../words.ts";

const shownAtMost = 50;
const sparkMs = 60_000;

/** The migrations under way, the newest first. */
export function RunningTable({ of: migrations }: { of: Migration[] }): ReactNode {
  const columns = ["Guest", "Verdict", "Predicted downtime", "Ready in", "Bandwidth", "Pending, 60 s"];
  return (
    <>
      <table className="rows w-full table-fixed max-md:block">
        <thead className="max-md:sr-only">
          <tr>
            {columns.map((name, index) => (
              <th
                key={name}
                scope="col"
                className={["w-[17%]", "", "w-[17%]", "w-[10%]", "w-[10%]", "w-[124px]"][index]}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="max-md:block">
          {migrations.slice(0, shownAtMost).map((migration) => (
            <Row key={migration.id} of={migration} />
          ))}
        </tbody>
      </table>
      {migrations.length > shownAtMost && (
        <p className="border-t border-line px-4 py-2 text-ink-soft">{`and ${migrations.length - shownAtMost} older ones`}</p>
      )}
    </>
  );
}

function Row({ of: migration }: { of: Migration }): ReactNode {
  const { id, guest, source, destination, phase, verdict, predictedDowntimeMs, limits } = migration;
  const judged = phase === "precopy" && verdict !== undefined ? verdicts[verdict.kind] : phases[phase];
  return (
    <tr className="max-md:grid max-md:grid-cols-2">
      <th scope="row" className="max-md:col-span-full max-md:!pl-4">
        <Link className="link block font-semibold [overflow-wrap:anywhere]" to="/migrations/$id" params={{ id }}>
          {guest}
        </Link>
        <Way source={source} destination={destination} />
      </th>
      <td className="max-md:col-span-full max-md:!pl-4">
        <Badge of={judged} />
        <p className="line-clamp-2 h-10 text-ink-soft" title={sentenceOf(migration)}>
          {sentenceOf(migration)}
        </p>
      </td>
      <td className="max-md:!pl-4">
        <p className="whitespace-nowrap">
          <span className="font-semibold">
            {predictedDowntimeMs === undefined ? "not yet" : duration(predictedDowntimeMs)}
          </span>
          <span className="text-ink-soft">{` of ${limit(limits.downtimeLimitMs)}`}</span>
        </p>
        <Gauge of={migration} />
      </td>
      <td className="figure">
        <span className="label md:hidden">Ready in </span>
        {wait(migration.etaRangeMs)}
      </td>
      <td className="figure max-md:!pl-4">
        <span className="label md:hidden">Bandwidth </span>
        {rate(migration.bandwidthBytesPerSec)}
      </td>
      <td>
        <Spark id={id} />
      </td>
    </tr>
  );
}

/** Pending over the last minute, as a line; the last figure in words. */
function Spark({ id }: { id: string }): ReactNode {
  const course = useQuery<Sample[]>({ queryKey: keys.course(id), enabled: false }).data ?? [];
  const until = Date.parse(course.at(-1)?.at ?? "");
  const shown = course.filter(({ at }) => until - Date.parse(at) <= sparkMs);
  const most = Math.max(1, ...shown.map(totalPendingOf));
  const points = shown.map((sample) => {
    const x = 96 - ((until - Date.parse(sample.at)) / sparkMs) * 96;
    return `${x.toFixed(1)},${(23 - (totalPendingOf(sample) / most) * 22).toFixed(1)}`;
  });
  const last = shown.at(-1);
  return (
    <>
      <svg className="spark" viewBox="0 0 96 24" aria-hidden="true">
        <polyline points={points.join(" ")} />
      </svg>
      <span className="figure text-xs">{bytes(last && totalPendingOf(last))}</span>
    </>
  );
}
