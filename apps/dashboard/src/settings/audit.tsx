import type { AuditRecord } from "@godwit/contract";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue, useState } from "react";
import { get, messageOf } from "../api/api.ts";
import { Badge } from "../parts/badge.tsx";
import { TextField } from "../parts/fields.tsx";
import { Section } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import type { Word } from "../words.ts";
import type { Key } from "./key.ts";

interface Page {
  items: AuditRecord[];
  nextCursor?: string;
}

const pageItems = 50;
const columns = ["When", "Who", "What", "Target", "Why", "Outcome"];

/** Who asked for what, and what came of it, to whoever shows a token that may see it. */
export function Audit({ of: { shown, headers } }: { of: Key }): ReactNode {
  const [who, setWho] = useState("");
  const [target, setTarget] = useState("");
  const filter = useDeferredValue({ who: who.trim(), target: target.trim() });
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["audit", shown, filter.who, filter.target],
    queryFn: async ({ pageParam }) => await get<Page>(pathOf(filter, pageParam), { headers }),
    initialPageParam: "",
    getNextPageParam: ({ nextCursor }: Page) => nextCursor,
    enabled: shown !== undefined,
    gcTime: 0,
  });
  const records = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Section title="Audit" aside="who asked for what, the newest first">
      {shown === undefined ? (
        <p className="px-4 py-3.5 text-ink-soft">To see it, show a token above that has the scope admin.</p>
      ) : error !== null ? (
        <p className="px-4 py-3.5 text-bad">{messageOf(error)}</p>
      ) : (
        <>
          <div className="flex flex-wrap gap-3 px-4 py-3">
            <TextField label="Who, by name or id" value={who} set={setWho} />
            <TextField label="Target, by name or id" value={target} set={setTarget} />
          </div>
          <Records of={records} />
          <p className="flex min-h-11 items-center gap-3 border-t border-line px-4 py-2 text-ink-soft">
            {hasNextPage ? (
              <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
                Show older ones
              </button>
            ) : (
              <span>
                {records.length === 0 && !isFetching ? "Nothing of this kind was asked for." : "That is all."}
              </span>
            )}
          </p>
        </>
      )}
    </Section>
  );
}

function Records({ of: records }: { of: AuditRecord[] }): ReactNode {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Audit">
      <table className="rows w-full min-w-[860px] table-fixed border-t border-line">
        <thead>
          <tr>
            {columns.map((name, place) => (
              <th
                key={name}
                scope="col"
                className={["w-[92px]", "w-[16%]", "w-[26%]", "w-[15%]", "", "w-[170px]"][place]}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map(({ id, at, who, operation, target, reason, outcome }) => (
            <tr key={id}>
              <td className="text-ink-soft">
                <Ago at={at} />
              </td>
              <th scope="row" className="font-medium [overflow-wrap:anywhere]">
                {who === undefined ? "nobody who is known" : who.name}
                {who !== undefined && <span className="block font-mono text-xs text-ink-soft">{who.id}</span>}
              </th>
              <td className="font-mono text-xs leading-5 [overflow-wrap:anywhere]">{operation}</td>
              <td className="[overflow-wrap:anywhere]">
                {target === undefined ? "–" : `${target.type} ${target.name ?? target.id ?? ""}`}
              </td>
              <td className="text-pretty text-ink-soft">{reason ?? "–"}</td>
              <td>
                <Badge of={wordOf(outcome)} />
                {outcome !== undefined && (
                  <span className="block text-xs text-ink-soft">
                    {outcome.code === undefined ? outcome.status : `${outcome.status} ${outcome.code}`}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function wordOf(outcome: AuditRecord["outcome"]): Word {
  if (outcome === undefined) return { word: "Not written", icon: "ask", tone: "plain" };
  if (outcome.status < 400) return { word: "Done", icon: "check", tone: "good" };
  return outcome.status < 500
    ? { word: "Refused", icon: "stop", tone: "warn" }
    : { word: "Failed", icon: "cross", tone: "bad" };
}

function pathOf({ who, target }: { who: string; target: string }, cursor: string): string {
  const wanted = Object.entries({ who, target, cursor }).filter(([, value]) => value !== "");
  return `/v1/audit?${new URLSearchParams([["limit", String(pageItems)], ...wanted]).toString()}`;
}
