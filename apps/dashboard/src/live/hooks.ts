import type { Drain, Guest, Host, Migration, Overview } from "@godwit/contract";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { get, getAll } from "../api/api.ts";
import { currentMigration, isEnded, keys } from "./cache.ts";
import { feed, type Freshness } from "./feed.ts";
import { ticks } from "./ticks.ts";

export function useFreshness(): Freshness {
  return useSyncExternalStore(feed.subscribe, feed.freshness);
}

/** The orchestrator's time, anew twice a second while the news is fresh: on stale figures no clock runs. */
export function useNow(): number {
  return useSyncExternalStore(ticks.subscribe, ticks.now);
}

const againMs = 2_000;
const drainsAtMost = 200;
/** What the stream keeps up to date, and nothing else asks for. */
const kept = { enabled: false };
const noHosts: Host[] = [];
const noGuests: Guest[] = [];
const noMigrations: Migration[] = [];

export function useHosts(): Host[] {
  return useQuery<Host[]>({ queryKey: keys.hosts, ...kept }).data ?? noHosts;
}

export function useGuests(): Guest[] {
  return useQuery<Guest[]>({ queryKey: keys.guests, ...kept }).data ?? noGuests;
}

export function useOverview(): Overview | undefined {
  return useQuery<Overview>({ queryKey: keys.overview, ...kept }).data;
}

/** The newest first: all that are under way, and the newest of the ended ones. */
export function useMigrations(): Migration[] {
  return useQuery<Migration[]>({ queryKey: keys.migrations, ...kept }).data ?? noMigrations;
}

export function useUnderWay(): Migration[] {
  return useMigrations().filter((migration) => !isEnded(migration));
}

/**
 * What changes also without anything happening, such as when a turn comes: asked for again and again while somebody looks at it and the
 * news is fresh.
 */
export function useAgain<Answer>(
  queryKey: readonly string[],
  path: string,
  isOver: (answer: Answer) => boolean = () => false,
): UseQueryResult<Answer> {
  const { live } = useFreshness();
  return useQuery<Answer>({
    queryKey,
    queryFn: async () => await get<Answer>(path),
    refetchInterval: ({ state: { data } }) => live && (data === undefined || !isOver(data)) && againMs,
  });
}

/** Drains, the newest first. */
export function useDrains(): UseQueryResult<Drain[]> {
  return useQuery({ queryKey: keys.drains, queryFn: async () => await getAll<Drain>("/v1/drains", drainsAtMost) });
}

export function useMigration(id: string): UseQueryResult<Migration> {
  return useQuery({
    queryKey: keys.migration(id),
    queryFn: async () => await currentMigration(id),
  });
}
