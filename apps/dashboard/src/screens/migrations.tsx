import type { Migration } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { getAll } from "../api/api.ts";
import { duration, limit, many, running } from "../figures.ts";
import { keys, newestFirst } from "../live/cache.ts";
import { useMigrations } from "../live/hooks.ts";
import { Compare } from "../migration/compare.tsx";
import { Kept } from "../migration/report.tsx";
import { sentenceOf } from "../migration/verdict-card.tsx";
import { Badge, Way } from "../parts/badge.tsx";
import { Facet, useFilter } from "../parts/facet.tsx";
import { Empty } from "../parts/panel.tsx";
import { TextFilter } from "../parts/text-filter.tsx";
import { Ago } from "../parts/time.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { phases } from "../words.ts";

const readAtMost = 1000;
const columns = ["Compare", "Phase", "Guest", "Way", "Downtime", "Limit", "Took", "Asked for", "Why"];
const template = "grid-cols-[58px_104px_minmax(80px,1fr)_minmax(110px,1fr)_84px_60px_84px_84px_minmax(120px,2.4fr)]";

/** All of them, the newest first, by facets that stand in the address. */
export function MigrationsScreen(): ReactNode {
  const all = useAll();
  const { phase, host, policy, text, compare } = useSearch({ from: "/migrations" });
  const set = useFilter();
  const compared = compare?.split(",").slice(0, 2) ?? [];
  const shown = useMemo(
    () =>
      all.filter(
        (each) =>
          (phase === undefined || each.phase === phase) &&
          (host === undefined || each.source === host || each.destination === host) &&
          (policy === undefined || each.policy === policy) &&
          (text === undefined || each.guest.includes(text) || each.id.startsWith(text)),
      ),
    [all, phase, host, policy, text],
  );
  const toggle = (id: string) => {
    const others = compared.filter((each) => each !== id);
    set({ compare: (others.length === compared.length ? [...others, id].slice(-2) : others).join(",") });
  };
  const pair = compared.flatMap((id) => all.find((each) => each.id === id) ?? []);
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Migrations{" "}
          <span className="text-[13px] font-normal text-ink-soft">
            {`${many(shown.length, "migration")}${all.length >= readAtMost ? ` of the last ${readAtMost}` : ""}`}
          </span>
        </h1>
        <div className="flex flex-wrap items-center gap-3">
          <TextFilter name="text" label="Guest or id" value={text} />
          <Facet name="phase" label="Phase" options={Object.keys(phases)} value={phase} />
          <Facet name="host" label="Host" options={namesOf(all)} value={host} />
          <Facet
            name="policy"
            label="Policy"
            options={[...new Set(all.flatMap((each) => each.policy ?? []))].toSorted()}
            value={policy}
          />
        </div>
      </div>
      {pair.length > 0 && <Compare of={pair} />}
      {shown.length === 0 ? (
        <div className="panel">
          <Empty command="npx godwit migrate <guest> --to <host> --watch">
            {all.length === 0
              ? "Nothing has been moved yet. A migration is started by:"
              : "No migration is like that. One is started by:"}
          </Empty>
        </div>
      ) : (
        <VirtualRows
          label="Migrations"
          columns={columns}
          template={template}
          rows={shown}
          keyOf={({ id }) => id}
          cells={(each) => cellsOf(each, compared.includes(each.id), toggle)}
        />
      )}
    </div>
  );
}

function cellsOf(migration: Migration, isCompared: boolean, toggle: (id: string) => void): ReactNode[] {
  const { id, guest, source, destination, phase, createdAt, startedAt, endedAt, limits, downtimeMs, report } =
    migration;
  return [
    <input
      key="compare"
      type="checkbox"
      className="size-4 align-middle accent-(--accent)"
      aria-label={`Compare ${guest}, ${phase}`}
      checked={isCompared}
      onChange={() => toggle(id)}
    />,
    <Badge key="phase" of={phases[phase]} />,
    <Link key="guest" className="link font-semibold" to="/migrations/$id" params={{ id }}>
      {guest}
    </Link>,
    <Way key="way" source={source} destination={destination} />,
    <span key="downtime">
      <Kept within={report?.withinLimit} />
      {duration(downtimeMs)}
    </span>,
    limit(limits.downtimeLimitMs),
    endedAt === undefined || startedAt === undefined ? "–" : running(Date.parse(endedAt) - Date.parse(startedAt)),
    <span key="at" className="text-ink-soft">
      <Ago at={createdAt} />
    </span>,
    <span key="why" className="text-ink-soft" title={sentenceOf(migration)}>
      {sentenceOf(migration)}
    </span>,
  ];
}

/** The newest, which the stream keeps up to date, and those before them. */
function useAll(): Migration[] {
  const newest = useMigrations();
  const older =
    useQuery({
      queryKey: keys.olderMigrations,
      queryFn: async () => await getAll<Migration>("/v1/migrations", readAtMost),
      staleTime: 60_000,
    }).data ?? newest;
  return useMemo(() => {
    const known = new Set(newest.map(({ id }) => id));
    return [...newest, ...older.filter(({ id }) => !known.has(id))].toSorted(newestFirst).slice(0, readAtMost);
  }, [newest, older]);
}

function namesOf(all: Migration[]): string[] {
  return [...new Set(all.flatMap(({ source, destination }) => [source, destination]))].toSorted();
}
