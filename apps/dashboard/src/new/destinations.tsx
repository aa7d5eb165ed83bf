import type { ReactNode } from "react";
import { messageOf } from "../api/api.ts";
import { range, rate } from "../figures.ts";
import { Badge } from "../parts/badge.tsx";
import { verdicts, type Word } from "../words.ts";
import type { Fit } from "./use-plans.ts";

const refused: Word = { word: "Refused", icon: "stop", tone: "warn" };
const asking: Word = { word: "Planning", icon: "wait", tone: "plain" };

/** Where it could go, the best fit first; each that is refused says why. */
export function Destinations({
  fits,
  chosen,
  choose,
}: {
  fits: Fit[];
  chosen: string | undefined;
  choose: (id: string) => void;
}): ReactNode {
  return (
    <fieldset className="min-w-0">
      <legend className="label mb-1">Destination</legend>
      <div className="grid gap-1.5">
        {fits.map((fit) => (
          <label
            key={fit.host.id}
            className="grid min-h-[62px] grid-cols-[auto_minmax(0,1fr)_auto] items-start gap-x-2.5 rounded-md border border-line px-3 py-2 has-checked:border-accent has-checked:bg-calm-wash"
          >
            <input
              type="radio"
              name="destination"
              className="mt-[3px] accent-(--accent)"
              checked={fit.host.id === chosen}
              onChange={() => choose(fit.host.id)}
            />
            <span className="min-w-0">
              <span className="font-semibold [overflow-wrap:anywhere]">{fit.host.name}</span>
              <span className="block text-pretty text-ink-soft">{detailOf(fit)}</span>
            </span>
            <Badge of={wordOf(fit)} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function wordOf({ plan, error }: Fit): Word {
  if (plan === undefined) return error === undefined ? asking : refused;
  return plan.possible ? verdicts[plan.outlook?.verdict.kind ?? "unknown"] : refused;
}

function detailOf({ plan, error, host }: Fit): string {
  if (plan === undefined) return error === undefined ? "Its agent is being asked …" : messageOf(error);
  const against = plan.checks.find(({ ok }) => !ok);
  if (!plan.possible)
    return against === undefined ? "It is refused." : [against.detail, against.fix].filter(Boolean).join(" ");
  const { outlook, bandwidthBytesPerSec = host.linkBytesPerSec } = plan;
  const parts = [
    outlook?.predictedDowntimeRangeMs && `downtime ${range(outlook.predictedDowntimeRangeMs)}`,
    outlook?.durationRangeMs && `takes ${range(outlook.durationRangeMs)}`,
    bandwidthBytesPerSec !== undefined && `at ${rate(bandwidthBytesPerSec)}`,
  ];
  return parts.filter(Boolean).join(", ");
}
