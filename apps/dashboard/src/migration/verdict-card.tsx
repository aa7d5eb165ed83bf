import type { Migration } from "@godwit/contract";
import type { ReactNode } from "react";
import { bytes, clock, exactly, many, none, rate, roughly, running, wait } from "../figures.ts";
import { isEnded } from "../live/cache.ts";
import { useFreshness, useNow } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { DowntimeMeter } from "../parts/meter.tsx";
import { Figures, NamedFigures } from "../parts/panel.tsx";
import { Steady } from "../parts/steady.tsx";
import { phases, verdicts } from "../words.ts";
import { LimitForm } from "./limit-form.tsx";

/** Is it going to work: one sentence with its figures, since when, what the policy will do and when, and what would help. */
export function VerdictCard({ of: migration }: { of: Migration }): ReactNode {
  const { phase, verdict } = migration;
  const judged = phase === "precopy" ? verdict : undefined;
  const { headline, rest } = sentencesOf(sentenceOf(migration));
  return (
    <section className="panel grid gap-2 px-4 py-3.5" aria-label="Verdict">
      <p className="flex min-h-6 items-center gap-3">
        <Badge of={judged === undefined ? phases[phase] : verdicts[judged.kind]} filled />
        <Since of={migration} />
      </p>
      <div className="grid min-h-[70px] content-center max-sm:min-h-[120px]">
        <Steady className="text-[17px] leading-6 font-[550] tracking-[-0.005em] text-pretty">{headline}</Steady>
        <Steady className="text-pretty text-ink-soft">{rest}</Steady>
      </div>
      <DowntimeMeter of={migration} />
      <PolicyLine of={migration} />
      <RunningFigures of={migration} />
      <Evidence of={verdict} />
      {isEnded(migration) ? (
        <p className="text-xs leading-5 text-ink-soft">It has ended: its limits stay as they were.</p>
      ) : (
        <LimitForm of={migration} />
      )}
    </section>
  );
}

export function sentenceOf({ phase, verdict, reason }: Migration): string {
  const judged = phase === "precopy" || phase === "switchover" ? verdict : undefined;
  return reason?.sentence ?? judged?.sentence ?? "Nothing has been said of it yet.";
}

/** The first sentence, and below it what would help. */
function sentencesOf(text: string): { headline: string; rest: string } {
  const [headline = text] = /^.*?[.!?](?= [A-Z]|$)/.exec(text) ?? [];
  return { headline, rest: text.slice(headline.length).trim() };
}

/** For how long the badge beside it has been true. */
function Since({ of: migration }: { of: Migration }): ReactNode {
  const now = useNow();
  const { phase, verdict, createdAt, startedAt = createdAt, switchoverAt = startedAt, endedAt } = migration;
  const ofPhase = { queued: createdAt, preflight: startedAt, precopy: verdict?.since ?? startedAt }[phase as string];
  const from = endedAt ?? ofPhase ?? switchoverAt;
  const ms = now - Date.parse(from);
  return (
    <time
      className="min-w-[62px] whitespace-nowrap text-ink-soft"
      dateTime={from}
      title={`since ${exactly(Date.parse(from))}`}
    >
      {endedAt === undefined ? `for ${roughly(ms)}` : `at ${clock(Date.parse(endedAt))}`}
    </time>
  );
}

/** The policy, what it will do and when. */
function PolicyLine({ of: migration }: { of: Migration }): ReactNode {
  const { policy, intent, limits } = migration;
  return (
    <Steady className="min-h-5 text-pretty max-sm:min-h-10">
      <span className="label">Policy</span> <strong className="font-semibold">{policy ?? "none"}</strong>{" "}
      {intent?.at !== undefined && <time dateTime={intent.at}>{`at ${clock(Date.parse(intent.at))} `}</time>}
      {isEnded(migration) ? "It has followed this policy." : (intent?.sentence ?? standingIntent(limits))}
    </Steady>
  );
}

/** What its limits say of every migration about which nothing else is intended. */
function standingIntent({ hold, window }: Migration["limits"]): string {
  if (hold) return "It is brought to the brink and held there until it is let go.";
  return window === undefined
    ? "It is switched over as soon as it is ready."
    : `It is switched over as soon as it is ready, from ${window.from} to ${window.to} UTC.`;
}

function RunningFigures({ of: migration }: { of: Migration }): ReactNode {
  const now = useNow();
  const { live } = useFreshness();
  const { createdAt, startedAt = createdAt, endedAt, limits, report } = migration;
  const until = endedAt === undefined ? now : Date.parse(endedAt);
  const left = limits.deadlineMs - (now - Date.parse(startedAt));
  const rounds = Math.max(0, ...migration.devices.map((device) => device.rounds));
  return (
    <Figures
      className="mt-1 grid-cols-6 max-sm:grid-cols-3"
      of={[
        ["Elapsed", running(until - Date.parse(createdAt))],
        endedAt === undefined ? ["Ready in", wait(migration.etaRangeMs)] : ["Rounds", many(rounds, "round")],
        [
          "Deadline",
          endedAt === undefined && live
            ? `in ${roughly(left)}`
            : endedAt === undefined
              ? none
              : roughly(limits.deadlineMs),
        ],
        ["Bandwidth", rate(migration.bandwidthBytesPerSec)],
        endedAt === undefined
          ? ["Written", rate(migration.dirtyBytesPerSec)]
          : ["After the stop", bytes(report?.stoppedBytes)],
        ["Sent", bytes(migration.sentBytes)],
      ]}
    />
  );
}

/** The figures that the verdict rests on, and what they were held against. The line is there before there is one. */
function Evidence({ of: verdict }: { of: Migration["verdict"] }): ReactNode {
  if (verdict === undefined)
    return <p className="text-xs leading-5 text-ink-soft">There are no figures behind it yet.</p>;
  const { code, inputs, thresholds } = verdict;
  return (
    <details className="text-xs">
      <summary className="leading-5 text-ink-soft hover:text-ink">{`The figures behind it (${code})`}</summary>
      <NamedFigures of={{ ...inputs, ...thresholds }} />
    </details>
  );
}
