import type { Migration, MigrationDevice } from "@godwit/contract";
import type { ReactNode } from "react";
import { bytes, duration, rate } from "../figures.ts";
import { Section } from "../parts/panel.tsx";

const columns: [string, (device: MigrationDevice) => string][] = [
  ["Pending", ({ pending }) => bytes(pending && pending.initialBytes + pending.precopyBytes)],
  ["Written", ({ dirtyBytesPerSec }) => rate(dirtyBytesPerSec)],
  ["After the stop", ({ pending }) => bytes(pending?.stopcopyBytes)],
  ["Own time", ({ pending }) => duration(pending?.fixedMs)],
  ["Alone takes", ({ predictedMs }) => duration(predictedMs)],
  ["Sent", ({ sentBytes }) => bytes(sentBytes)],
  ["Rounds", ({ rounds }) => String(rounds)],
];

/** The devices, each with what is yet to move: what holds it up. */
export function Devices({ of: { devices } }: { of: Migration }): ReactNode {
  return (
    <Section title="Devices" aside={devices.length}>
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Devices">
        <table className="rows w-full min-w-[760px] table-fixed">
          <thead>
            <tr>
              <th scope="col" className="w-[22%]">
                Device
              </th>
              {columns.map(([name]) => (
                <th key={name} scope="col" className="!text-right">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {devices.map((device) => (
              <tr key={device.name}>
                <th scope="row" className="[overflow-wrap:anywhere]">
                  <span className="font-medium">{device.name}</span>{" "}
                  <span className="text-ink-soft">{device.kind}</span>
                </th>
                {columns.map(([name, text]) => (
                  <td key={name} className="figure text-right">
                    {text(device)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
