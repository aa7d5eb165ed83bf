import type { Plan } from "@godwit/contract";
import type { ReactNode } from "react";
import { bytes, duration, limit, none, range, rate, share } from "../figures.ts";
import { Icon } from "../parts/icon.tsx";
import { DowntimeMeter } from "../parts/meter.tsx";
import { Figures, ReasonLine, Section } from "../parts/panel.tsx";

/** What would happen, with everything that was looked at. */
export function PlanCard({ of: plan }: { of: Plan }): ReactNode {
  const { outlook, limits, predictedDowntimeMs, checks, learned, waitsFor } = plan;
  const { predictedDowntimeRangeMs, durationRangeMs, probability, dominant } = outlook ?? {};
  return (
    <Section title="Plan" aside={`${plan.source} to ${plan.destination}; nothing moves yet`}>
      <div className="grid gap-3 px-4 py-3.5">
        <div className="grid min-h-[54px] content-center">
          <ReasonLine>{outlook?.verdict.sentence ?? "It cannot be done as things stand."}</ReasonLine>
          {waitsFor !== undefined && <p className="text-pretty text-ink-soft">{waitsFor.sentence}</p>}
        </div>
        {plan.possible && <DowntimeMeter of={{ predictedDowntimeMs, predictedDowntimeRangeMs, limits }} />}
        <Figures
          className="grid-cols-3 sm:grid-cols-6"
          of={[
            ["Takes", range(durationRangeMs)],
            ["First pass", duration(plan.firstPassMs)],
            ["Chance to fit", probability === undefined ? none : share(probability)],
            ["To move", bytes(plan.sizeBytes)],
            ["Bandwidth", rate(plan.bandwidthBytesPerSec)],
            ["Deadline", limit(limits.deadlineMs)],
          ]}
        />
        <p className="min-h-5 text-ink-soft">
          {dominant !== undefined &&
            `Most of the downtime is ${dominantText[dominant.part]}${dominant.device === undefined ? "" : ` (${dominant.device})`}: ${duration(dominant.ms)}. `}
          {learned !== undefined && learned.migrations > 0
            ? `It rests on ${learned.migrations} earlier ones between the two hosts.`
            : "Nothing has been learnt of this way yet."}
        </p>
      </div>
      <ul className="border-t border-line px-4 py-2.5" aria-label="Checks">
        {checks.map(({ name, ok, detail, fix }) => (
          <li key={name} className="flex items-baseline gap-2 py-0.5">
            <Icon name={ok ? "check" : "cross"} className={`self-center ${ok ? "text-good" : "text-bad"}`} />
            <span className="sr-only">{ok ? "Fine:" : "Not fine:"}</span>
            <span className="text-pretty">
              {detail} {fix !== undefined && <span className="text-ink-soft">{fix}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const dominantText = {
  fixed: "what the stop itself takes",
  device: "a device's own time",
  stopcopy: "what can move only after the stop",
  dirty: "what is written meanwhile",
};
