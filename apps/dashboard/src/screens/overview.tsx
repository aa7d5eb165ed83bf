import type { Overview } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useGuests, useHosts, useMigrations, useOverview, useUnderWay } from "../live/hooks.ts";
import { isEnded } from "../live/cache.ts";
import { Empty, Section } from "../parts/panel.tsx";
import { Attention } from "./overview/attention.tsx";
import { HostGrid } from "./overview/host-grid.tsx";
import { RunningTable } from "./overview/running-table.tsx";
import { EndedTable } from "../parts/ended-table.tsx";

const endedAtMost = 8;

export function OverviewScreen(): ReactNode {
  const overview = useOverview();
  const underWay = useUnderWay();
  const ended = useMigrations()
    .filter(isEnded)
    .toSorted((a, b) => (b.endedAt ?? "").localeCompare(a.endedAt ?? ""));
  return (
    <div className="grid gap-6">
      <h1 className="sr-only">Overview</h1>
      {overview !== undefined && <Tiles of={overview} />}
      <Attention />
      <Section title="Under way" aside={underWay.length}>
        {underWay.length === 0 ? <NothingMoves /> : <RunningTable of={underWay} />}
      </Section>
      <Section title="Hosts" aside={useHosts().length} bare>
        <HostGrid />
      </Section>
      <Section
        title="Ended lately"
        aside={
          <Link className="link" to="/migrations">
            all migrations
          </Link>
        }
      >
        {ended.length === 0 ? (
          <Empty>What has ended is listed here, with its outcome, its reason and its downtime.</Empty>
        ) : (
          <EndedTable of={ended.slice(0, endedAtMost)} />
        )}
      </Section>
    </div>
  );
}

function Tiles({ of: { underWay, queued, ended, hosts } }: { of: Overview }): ReactNode {
  const all = hosts.connected + hosts.disconnected + hosts.fenced;
  const finished = ended.completed + ended.aborted + ended.failed + ended.lost;
  const outcomes = (["completed", "aborted", "failed", "lost"] as const)
    .filter((name) => ended[name] > 0 || name === "completed")
    .map((name) => `${ended[name]} ${name}`);
  const tiles: [string, number | string, string][] = [
    ["Under way", underWay, underWay === 1 ? "migration" : "migrations"],
    ["Queued", queued, queued === 1 ? "migration waits" : "migrations wait"],
    ["Finished in 24 h", finished, outcomes.join(", ")],
    ["Agents connected", `${hosts.connected} of ${all}`, hosts.fenced > 0 ? `${hosts.fenced} fenced` : "agents"],
  ];
  return (
    <dl className="grid grid-cols-4 gap-3 max-md:grid-cols-2">
      {tiles.map(([name, value, detail]) => (
        <div key={name} className="panel px-4 py-3">
          <dt className="label">{name}</dt>
          <dd className="flex flex-wrap items-baseline gap-x-2">
            <span className="text-2xl leading-8 font-[650] tracking-[-0.02em]">{value}</span>
            <span className="text-ink-soft">{detail}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** With the command that would start one, by names that are there. */
function NothingMoves(): ReactNode {
  const [guest] = useGuests();
  const other = useHosts().find((host) => host.id !== guest?.hostId && host.state === "connected");
  return (
    <Empty command={`npx godwit migrate ${guest?.name ?? "<guest>"} --to ${other?.name ?? "<host>"} --watch`}>
      Nothing is moving. Start a{" "}
      <Link className="link" to="/new">
        new migration
      </Link>
      , or from a shell:
    </Empty>
  );
}
