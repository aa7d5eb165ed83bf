import type { Drain } from "@godwit/contract";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ContinueWithout, DrainActions } from "../drain/actions.tsx";
import { DrainGuests } from "../drain/drain-guests.tsx";
import { Progress } from "../drain/progress.tsx";
import { clock, exactly, limit, wait } from "../figures.ts";
import { keys } from "../live/cache.ts";
import { useAgain } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Handles } from "../parts/copy.tsx";
import { Empty, Figures, ReasonLine, Section } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import { drainPhases } from "../words.ts";
import { Failure } from "./failure.tsx";

export function DrainScreen(): ReactNode {
  const { id } = useParams({ from: "/drains/$id" });
  const path = `/v1/drains/${encodeURIComponent(id)}`;
  const { data: drain, error } = useAgain<Drain>(keys.drain(id), path, ({ endedAt }) => endedAt !== undefined);
  if (drain !== undefined) return <Whole key={id} of={drain} />;
  return error === null ? (
    <p className="text-ink-soft">Reading drain {id} …</p>
  ) : (
    <Failure error={error} what="drain" id={id} to="/drains" />
  );
}

function Whole({ of: drain }: { of: Drain }): ReactNode {
  const { id, host, phase, reason, counts, guests, createdAt, by, endedAt } = drain;
  return (
    <div className="grid gap-5">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="grid gap-1">
          <h1 className="flex flex-wrap items-center gap-3 text-xl leading-7 font-[650] tracking-[-0.01em]">
            <span>
              {"Drain of "}
              <Link className="link" to="/hosts/$name" params={{ name: host }}>
                {host}
              </Link>
            </span>
            <span className="text-[13px] tracking-normal">
              <Badge of={drainPhases[phase]} filled />
            </span>
          </h1>
          <Handles id={id} path={`/v1/drains/${id}`} command={`npx godwit drain watch ${id}`} />
        </div>
        <DrainActions of={drain} />
      </header>
      <section className="panel grid gap-3 px-4 py-3.5" aria-label="Progress">
        {reason !== undefined && <ReasonLine>{reason.sentence}</ReasonLine>}
        <Progress of={counts} />
        <Figures
          className="grid-cols-6 max-md:grid-cols-3"
          of={[
            endedAt === undefined ? ["Empty in", wait(drain.etaRangeMs)] : ["Ended", <Ago key="ended" at={endedAt} />],
            ["Deadline", <Deadline key="deadline" at={drain.deadline} />],
            ["Policy", drain.policy ?? "none"],
            ["Downtime limit", limit(drain.limits.downtimeLimitMs)],
            ["Asked for", <Ago key="asked" at={createdAt} />],
            ["By", by],
          ]}
        />
      </section>
      <Section title="Guests" aside="in the order in which they go">
        {guests.length === 0 ? (
          <Empty>There was no guest on {host}.</Empty>
        ) : (
          <DrainGuests
            of={guests}
            {...(endedAt === undefined ? { deed: ({ guest }) => <ContinueWithout drainId={id} guest={guest} /> } : {})}
          />
        )}
      </Section>
    </div>
  );
}

function Deadline({ at }: { at: string | undefined }): ReactNode {
  if (at === undefined) return "none";
  return (
    <time dateTime={at} title={exactly(Date.parse(at))}>
      {clock(Date.parse(at))}
    </time>
  );
}
