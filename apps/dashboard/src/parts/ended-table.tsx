import type { Migration } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { duration, limit, range } from "../figures.ts";
import { Kept } from "../migration/report.tsx";
import { phases } from "../words.ts";
import { Badge, Way } from "./badge.tsx";
import { Ago } from "./time.tsx";

const columns = ["Outcome", "Guest", "Way", "Downtime", "Predicted", "Limit", "Ended"];
const template =
  "grid grid-cols-[104px_minmax(60px,1fr)_minmax(90px,1.2fr)_90px_170px_60px_80px] gap-x-2.5 px-4 py-2 max-md:grid-cols-3";

/** What has ended, each with its reason on a line of its own. */
export function EndedTable({ of: migrations }: { of: Migration[] }): ReactNode {
  return (
    <div role="table" aria-label="Ended migrations">
      <div role="rowgroup" className="max-md:sr-only">
        <div role="row" className={template}>
          {columns.map((name, index) => (
            <span key={name} role="columnheader" className={`label ${index > 2 ? "text-right" : ""}`}>
              {name}
            </span>
          ))}
          <span role="columnheader" className="sr-only">
            Reason
          </span>
        </div>
      </div>
      <div role="rowgroup">
        {migrations.map((migration) => (
          <Row key={migration.id} of={migration} />
        ))}
      </div>
    </div>
  );
}

function Row({ of: migration }: { of: Migration }): ReactNode {
  const { id, guest, phase, report, limits, source, destination, reason, endedAt } = migration;
  const label = (text: string) => <span className="label block md:hidden">{text}</span>;
  return (
    <div role="row" className={`${template} border-t border-line`}>
      <span role="cell">
        <Badge of={phases[phase]} />
      </span>
      <span role="cell">
        <Link className="link font-semibold [overflow-wrap:anywhere]" to="/migrations/$id" params={{ id }}>
          {guest}
        </Link>
      </span>
      <span role="cell">
        <Way source={source} destination={destination} />
      </span>
      <span role="cell" className="figure md:text-right">
        {label("Downtime")}
        <Kept within={report?.withinLimit} />
        {duration(migration.downtimeMs)}
      </span>
      <span role="cell" className="whitespace-nowrap text-ink-soft md:text-right">
        {label("Predicted")}
        {duration(migration.predictedDowntimeMs)}
        {migration.predictedDowntimeRangeMs !== undefined && (
          <span className="ml-1.5 max-md:hidden">{`(${range(migration.predictedDowntimeRangeMs)})`}</span>
        )}
      </span>
      <span role="cell" className="text-ink-soft md:text-right">
        {label("Limit")}
        {limit(limits.downtimeLimitMs)}
      </span>
      <span role="cell" className="whitespace-nowrap text-ink-soft max-md:hidden md:text-right">
        {endedAt !== undefined && <Ago at={endedAt} />}
      </span>
      <span role="cell" className="col-span-full col-start-2 min-h-5 text-pretty text-ink-soft max-md:col-start-1">
        {reason?.sentence ?? ""}
      </span>
    </div>
  );
}
