import type { Migration } from "@godwit/contract";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { isEnded } from "../live/cache.ts";
import { useHosts, useMigration } from "../live/hooks.ts";
import { Actions } from "../migration/actions.tsx";
import { Charts } from "../migration/charts.tsx";
import { DecisionLog } from "../migration/decision-log.tsx";
import { Devices } from "../migration/devices.tsx";
import { ReportCard } from "../migration/report.tsx";
import { Timeline } from "../migration/timeline.tsx";
import { VerdictCard } from "../migration/verdict-card.tsx";
import { Way } from "../parts/badge.tsx";
import { Handles } from "../parts/copy.tsx";
import { Icon } from "../parts/icon.tsx";
import { Ago } from "../parts/time.tsx";
import { Failure } from "./failure.tsx";

export function MigrationScreen(): ReactNode {
  const { id } = useParams({ from: "/migrations/$id" });
  const { data: migration, error } = useMigration(id);
  if (error !== null && migration === undefined)
    return <Failure error={error} what="migration" id={id} to="/migrations" />;
  if (migration === undefined) return <p className="text-ink-soft">Reading migration {id} …</p>;
  // Another migration is another screen: nothing that was said or asked for of one stays for the next.
  return <Whole key={id} of={migration} />;
}

function Whole({ of: migration }: { of: Migration }): ReactNode {
  const { id, guest, source, destination } = migration;
  return (
    <div className="grid gap-5">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="grid gap-1">
          <h1 className="flex flex-wrap items-baseline gap-x-3 text-xl leading-7 font-[650] tracking-[-0.01em]">
            {guest}
            <span className="text-[13px] font-normal tracking-normal">
              <Way source={source} destination={destination} />
            </span>
          </h1>
          <Handles id={id} path={`/v1/migrations/${id}`} command={`npx godwit migration watch ${id}`} />
        </div>
        <div className="min-h-[50px]">
          <Actions of={migration} />
        </div>
      </header>
      {!isEnded(migration) && <Vanished of={migration} />}
      {migration.reason?.code === "OLDER_COPY" && (
        <section aria-label="An older copy" className="panel grid gap-2 !border-warn px-4 py-3">
          <p className="text-pretty">{`${migration.reason.sentence} Whoever accepts that says so:`}</p>
          <code className="command">{`npx godwit migration accept-older-copy ${id}`}</code>
        </section>
      )}
      <VerdictCard of={migration} />
      <Charts of={migration} />
      <Devices of={migration} />
      <Timeline of={migration} />
      <ReportCard of={migration} />
      <DecisionLog id={id} />
    </div>
  );
}

/** An agent that is gone in mid-run: what happens without it, and what to do. */
function Vanished({ of: { sourceId, destinationId, source, phase, heard } }: { of: Migration }): ReactNode {
  const gone = useHosts().filter(({ id, state }) => (id === sourceId || id === destinationId) && state !== "connected");
  if (gone.length === 0) return null;
  const isLate = phase === "switchover" || phase === "unknown";
  return (
    <section aria-label="Agents that are gone" className="panel grid gap-2 !border-warn px-4 py-3">
      {gone.map(({ id, name, lastSeenAt, state }) => (
        <p key={id} className="flex items-baseline gap-2">
          <Icon name="alert" className="self-center text-warn" />
          <span>
            <strong className="font-semibold">{`The agent of ${name} is ${state}`}</strong>
            {" – heard last "}
            <Ago at={lastSeenAt} />
            {isLate
              ? `. The switchover has begun: it goes on when the agent is back, or without it once the host is fenced.`
              : name === source
                ? ". The guest runs there all the same; after 30 s without figures the migration is given up."
                : ". The guest runs on its source all the same."}{" "}
            <Link className="link" to="/hosts/$name" params={{ name }}>
              {`See ${name}`}
            </Link>
          </span>
        </p>
      ))}
      {isLate && (
        <p className="text-ink-soft">
          {`Last words: source ${saidOf(heard?.source)}, destination ${saidOf(heard?.destination)}.`}
        </p>
      )}
    </section>
  );
}

function saidOf(word: { said: string } | undefined): string {
  return word === undefined ? "nothing since the switchover began" : `“${word.said}”`;
}
