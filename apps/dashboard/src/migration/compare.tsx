import type { Migration } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, duration, limit, none, range, rate, running } from "../figures.ts";
import { Section } from "../parts/panel.tsx";
import { phases } from "../words.ts";

const lines: [string, (migration: Migration) => string][] = [
  ["Phase", ({ phase }) => phases[phase].word],
  ["Way", ({ source, destination }) => `${source} to ${destination}`],
  ["Policy", ({ policy }) => policy ?? "none"],
  ["Downtime", ({ downtimeMs }) => duration(downtimeMs)],
  ["Predicted", ({ predictedDowntimeMs }) => duration(predictedDowntimeMs)],
  ["Likely", ({ predictedDowntimeRangeMs }) => range(predictedDowntimeRangeMs)],
  ["Limit", ({ limits }) => limit(limits.downtimeLimitMs)],
  ["In all", ({ report }) => (report === undefined ? none : running(report.totalMs))],
  ["Rounds", ({ report }) => (report === undefined ? none : String(report.rounds))],
  ["Sent", ({ sentBytes }) => bytes(sentBytes)],
  ["After the stop", ({ report }) => bytes(report?.stoppedBytes)],
  ["Bandwidth", ({ bandwidthBytesPerSec }) => rate(bandwidthBytesPerSec)],
  ["Why", ({ reason, verdict }) => reason?.sentence ?? verdict?.sentence ?? none],
];

/** Two of them side by side; with one, the place for the other. */
export function Compare({ of: pair }: { of: Migration[] }): ReactNode {
  return (
    <Section title="Compared" aside={pair.length === 1 ? "choose a second one below" : undefined}>
      <table className="rows w-full table-fixed">
        <thead>
          <tr>
            <th scope="col" className="w-[120px]">
              <span className="sr-only">Figure</span>
            </th>
            {pair.map(({ id, guest }) => (
              <th key={id} scope="col">
                <Link className="link font-semibold" to="/migrations/$id" params={{ id }}>
                  {guest}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(([name, text]) => (
            <tr key={name}>
              <th scope="row" className="text-ink-soft">
                {name}
              </th>
              {pair.map((migration) => (
                <td key={migration.id} className="text-pretty">
                  {text(migration)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
