import type { Migration } from "@godwit/contract";
import type { ReactNode } from "react";
import { bytes, duration, limit, none, range, rate, running } from "../figures.ts";
import { Icon } from "../parts/icon.tsx";
import { Figures, Section } from "../parts/panel.tsx";

/** What was predicted, what came, and what it took. What only the end tells has its place before that. */
export function ReportCard({ of: migration }: { of: Migration }): ReactNode {
  const { report, limits, predictedDowntimeMs, predictedDowntimeRangeMs, downtimeMs } = migration;
  return (
    <Section title="Report" aside={report === undefined ? "complete once it has ended" : "predicted against actual"}>
      <table className="rows w-full table-fixed">
        <thead>
          <tr>
            {["", "Predicted", "Likely", "Actual", "Limit"].map((name) => (
              <th key={name} scope="col" className={headClass(name)}>
                {name === "" ? <span className="sr-only">What</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row" className="font-medium">
              Downtime
            </th>
            <td className="figure text-right">{duration(predictedDowntimeMs)}</td>
            <td className="figure text-right max-sm:hidden">{range(predictedDowntimeRangeMs)}</td>
            <td className="figure text-right">
              <Kept within={report?.withinLimit} />
              {duration(downtimeMs)}
            </td>
            <td className="figure text-right">{limit(limits.downtimeLimitMs)}</td>
          </tr>
        </tbody>
      </table>
      <Figures
        className="grid-cols-6 border-t border-line px-4 py-2.5 max-sm:grid-cols-3"
        of={[
          ["In all", report === undefined ? none : running(report.totalMs)],
          ["Precopy", report?.precopyMs === undefined ? none : running(report.precopyMs)],
          ["Rounds", report === undefined ? none : String(report.rounds)],
          ["Sent", bytes(report?.sentBytes)],
          ["After the stop", bytes(report?.stoppedBytes)],
          ["Bandwidth", rate(report?.bandwidthBytesPerSec)],
        ]}
      />
    </Section>
  );
}

/** On a narrow screen the likely range is told by the meter alone. */
function headClass(name: string): string {
  if (name === "") return "w-[24%]";
  return name === "Likely" ? "!text-right max-sm:hidden" : "!text-right";
}

/** Whether the limit was kept, by a sign and, for whoever listens, in words. */
export function Kept({ within }: { within: boolean | undefined }): ReactNode {
  if (within === undefined) return null;
  return (
    <span className={within ? "text-good" : "text-bad"}>
      <Icon name={within ? "check" : "alert"} className="mr-1 inline !size-3.5 align-[-2px] [stroke-width:2.2]" />
      <span className="sr-only">{within ? "within the limit: " : "over the limit: "}</span>
    </span>
  );
}
