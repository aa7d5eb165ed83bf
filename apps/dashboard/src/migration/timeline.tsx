import type { Migration, MigrationDevice } from "@godwit/contract";
import type { ReactNode } from "react";
import { duration, exactly, none, running } from "../figures.ts";
import { isEnded } from "../live/cache.ts";
import { useNow } from "../live/hooks.ts";
import { Section } from "../parts/panel.tsx";
import { phases } from "../words.ts";

interface Stretch {
  name: "queued" | "preflight" | "precopy" | "switchover";
  from: number | undefined;
  until: number | undefined;
}

/** The phases with what each took, and below them the switchover, zoomed to milliseconds. */
export function Timeline({ of: migration }: { of: Migration }): ReactNode {
  const now = useNow();
  const stretches = stretchesOf(migration, now);
  return (
    <Section title="Phases">
      <ol className="flex gap-1 px-4 py-3" aria-label="Phases">
        {stretches.map(({ name, from, until }) => {
          const isNow = from !== undefined && until === undefined;
          const ms = from === undefined ? undefined : (until ?? now) - from;
          return (
            <li key={name} className="min-w-0 flex-1" aria-current={isNow ? "step" : undefined}>
              <div className={`mb-1 h-0.5 ${from === undefined ? "bg-line" : "bg-calm"}`} />
              <span className={isNow ? "font-semibold text-calm" : "text-ink-soft"}>{phases[name].word}</span>
              <span className="figure block" title={from === undefined ? undefined : `from ${exactly(from)}`}>
                {ms === undefined ? none : until === undefined ? running(ms) : duration(ms)}
              </span>
            </li>
          );
        })}
      </ol>
      <Switchover of={migration} />
    </Section>
  );
}

function stretchesOf(migration: Migration, now: number): Stretch[] {
  const at = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));
  const end = isEnded(migration) ? (at(migration.endedAt) ?? now) : undefined;
  const begun = [migration.createdAt, migration.startedAt, migration.precopyAt, migration.switchoverAt].map(at);
  const names = ["queued", "preflight", "precopy", "switchover"] as const;
  return names.map((name, index) => {
    const from = begun[index];
    const next = begun.slice(index + 1).find((each) => each !== undefined);
    return { name, from, until: from === undefined ? undefined : (next ?? end) };
  });
}

const parts = [
  { key: "stopMs", name: "Stop", colour: "--series-4" },
  { key: "transferMs", name: "Transfer", colour: "--series-1" },
  { key: "loadMs", name: "Load", colour: "--series-3" },
  { key: "startMs", name: "Start", colour: "--good-fill" },
] as const;

/** What each device spent on each part of the pause, on one scale. */
function Switchover({ of: { devices, report } }: { of: Migration }): ReactNode {
  const longestMs = Math.max(0, ...devices.map(totalMs));
  const scaleMs = Math.max(1, longestMs);
  const whole = report?.switchover;
  return (
    <div className="overflow-x-auto border-t border-line" tabIndex={0} role="group" aria-label="Switchover by device">
      <table className="rows w-full min-w-[560px] table-fixed">
        <caption className="px-4 pt-3 text-left font-medium">
          Switchover{" "}
          <span className="font-normal text-ink-soft">
            {whole === undefined
              ? "by device, once it is over"
              : `${duration(whole.stoppedMs)} from the first stop to the release, ${duration(whole.grantMs)} for the grant, ${duration(whole.startedMs)} to the last start`}
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col" className="w-[18%]">
              Device
            </th>
            {parts.map(({ name, colour }) => (
              <th key={name} scope="col" className="w-[11%]">
                <span className="flex items-center justify-end gap-1.5">
                  <Key colour={colour} />
                  {name}
                </span>
              </th>
            ))}
            <th scope="col">
              <span className="flex justify-between">
                <span>0&nbsp;ms</span>
                <span>{longestMs === 0 ? none : duration(longestMs)}</span>
              </span>
            </th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <tr key={device.name}>
              <th scope="row" className="font-medium [overflow-wrap:anywhere]">
                {device.name}
              </th>
              {parts.map(({ key, name }) => (
                <td key={name} className="figure text-right">
                  {duration(device.timings?.[key])}
                </td>
              ))}
              <td>
                <div className="flex pt-[3px]" aria-hidden="true">
                  {parts.map(({ key, name, colour }) => {
                    const ms = device.timings?.[key];
                    if (ms === undefined) return null;
                    const style = { width: `${(ms / scaleMs) * 100}%`, background: `var(${colour})` };
                    return <div key={name} className="segment" style={style} />;
                  })}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Key({ colour }: { colour: string }): ReactNode {
  return <span className="size-2 rounded-sm" style={{ background: `var(${colour})` }} aria-hidden="true" />;
}

function totalMs({ timings }: MigrationDevice): number {
  return parts.reduce((sum, { key }) => sum + (timings?.[key] ?? 0), 0);
}
