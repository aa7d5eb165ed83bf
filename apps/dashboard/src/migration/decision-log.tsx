import type { Event, History } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { get, messageOf } from "../api/api.ts";
import { clock, exactly, many } from "../figures.ts";
import { cache, keys } from "../live/cache.ts";
import { Badge } from "../parts/badge.tsx";
import { NamedFigures, Section } from "../parts/panel.tsx";
import { happenings, phases, verdicts, type Word } from "../words.ts";

const shownAtMost = 200;

/**
 * What happened and why: each with the figures that it rested on, in its order. What comes is put behind the
 * rest, so that nothing moves that is being read. */
export function DecisionLog({ id }: { id: string }): ReactNode {
  const { data: all, error } = useQuery({ queryKey: keys.history(id), queryFn: async () => await readHistory(id) });
  const shown = (all ?? []).slice(-shownAtMost);
  const left = (all?.length ?? 0) - shown.length;
  return (
    <Section
      title="What happened"
      aside={all === undefined ? undefined : `${all.length} ${all.length === 1 ? "entry" : "entries"}`}
    >
      {error !== null && <p className="px-4 py-3 text-bad">{messageOf(error)}</p>}
      {left > 0 && <p className="border-b border-line px-4 py-2 text-ink-soft">{`${left} before these`}</p>}
      <ol className="min-h-24">
        {shown.map((event) => (
          <Entry key={event.cursor} of={event} />
        ))}
      </ol>
    </Section>
  );
}

function Entry({ of: { type, at, sentence, data } }: { of: Event }): ReactNode {
  const count = Object.keys(data).length;
  return (
    <li className="grid grid-cols-[64px_116px_minmax(0,1fr)] gap-x-3 border-t border-line px-4 py-2 first:border-t-0 max-sm:grid-cols-[64px_minmax(0,1fr)]">
      <time className="text-ink-soft" dateTime={at} title={exactly(Date.parse(at))}>
        {clock(Date.parse(at))}
      </time>
      <span>
        <Badge of={wordOf(type, data)} />
      </span>
      <div className="min-w-0 max-sm:col-span-full">
        <p className="text-pretty [overflow-wrap:anywhere]">{sentence}</p>
        {count > 0 && (
          <details className="text-xs">
            <summary className="text-ink-soft hover:text-ink">{many(count, "figure")}</summary>
            <NamedFigures of={data} />
          </details>
        )}
      </div>
    </li>
  );
}

/** The phase that was reached or the verdict that was given, where it is one of those. */
function wordOf(type: Event["type"], { phase, kind }: Event["data"]): Word {
  const reached = type === "migration.phase" ? Object.entries(phases).find(([name]) => name === phase)?.[1] : undefined;
  const given =
    type === "migration.verdict" ? Object.entries(verdicts).find(([name]) => name === kind)?.[1] : undefined;
  return reached ?? given ?? happenings[type] ?? { word: type, icon: "dot", tone: "plain" };
}

/** From the first; what the stream tells meanwhile is kept behind it. */
async function readHistory(id: string): Promise<Event[]> {
  const items: Event[] = [];
  let since: string | undefined;
  do {
    const after = since === undefined ? "" : `&since=${encodeURIComponent(since)}`;
    const page = await get<History>(`/v1/migrations/${encodeURIComponent(id)}/history?limit=500${after}`);
    items.push(...page.items);
    since = page.nextCursor;
  } while (since !== undefined);
  const known = new Set(items.map(({ cursor }) => cursor));
  const told = cache.getQueryData<Event[]>(keys.history(id)) ?? [];
  return [...items, ...told.filter(({ cursor }) => !known.has(cursor))];
}
