import type { Drain, Event, Host, Migration, Overview, Phase, Sample } from "@godwit/contract";
import { QueryClient } from "@tanstack/react-query";
import { get } from "../api/api.ts";
import { type Everything, itemsAtMost, type Places, readEverything, readPlaces } from "./everything.ts";
import { Order } from "./order.ts";
import { sampleOf } from "./sample-of.ts";

/** What the page knows, as the API last told it. The stream writes into it, and nothing is asked for twice. */

const pointsAtMost = 3600;
const pointEveryMs = 900;

export const keys = {
  hosts: ["hosts"],
  guests: ["guests"],
  migrations: ["migrations"],
  olderMigrations: ["migrations", "older"],
  overview: ["overview"],
  policies: ["policies"],
  queue: ["queue"],
  ledger: ["ledger"],
  drains: ["drains"],
  drain: (id: string) => ["drain", id],
  /** Each with what is planned. */
  plans: ["plan"],
  drainPlans: ["drain-plan"],
  migration: (id: string) => ["migration", id],
  /** Points of its course that came by the stream. */
  course: (id: string) => ["course", id],
  samples: (id: string) => ["samples", id],
  history: (id: string) => ["history", id],
} as const;

/** A migration goes through these and never back. */
const ranks: Record<Phase, number> = {
  queued: 0,
  preflight: 1,
  precopy: 2,
  switchover: 3,
  unknown: 3,
  completed: 4,
  aborted: 4,
  failed: 4,
  lost: 4,
};

export function isEnded({ phase }: Pick<Migration, "phase">): boolean {
  return ranks[phase] === ranks.completed;
}

export const cache = new QueryClient({
  defaultOptions: {
    queries: { staleTime: Infinity, retry: false, refetchOnWindowFocus: false, networkMode: "always" },
  },
});

const order = new Order();

/** Everything anew, by `reading` where that has been asked for already. */
export async function readAll(reading = readEverything()): Promise<void> {
  const asked = order.ask();
  await takeAll(await reading, asked);
}

/** Migrations under way that are older than the newest page are read one by one: their guests name them. */
async function takeAll({ migrations, ...places }: Everything, asked: number): Promise<void> {
  if (!order.take("everything", asked)) return;
  takePlaces(places, asked);
  const newest = migrations.map((each) => newerOf(each, asked));
  cache.setQueryData(keys.migrations, newest.toSorted(newestFirst));
  for (const each of newest) cache.setQueryData(keys.migration(each.id), each);
  const known = new Set(migrations.map(({ id }) => id));
  const older = places.guests.flatMap(({ migrationId: id }) => (id === undefined || known.has(id) ? [] : [id]));
  for (const id of older) await readMigration(id);
  // What is on the screen and has not just been read; the course that the stream has told may have a gap.
  const read = new Set<unknown>(["hosts", "guests", "overview", "migration", "course"]);
  const isMain = (key: readonly unknown[]) => key[0] === "migrations" && key.length === 1;
  void cache.invalidateQueries({ predicate: ({ queryKey }) => !read.has(queryKey[0]) && !isMain(queryKey) });
}

/** Hosts and guests anew, and how much there is of everything. */
export async function readAllPlaces(): Promise<void> {
  const asked = order.ask();
  takePlaces(await readPlaces(), asked);
}

function takePlaces({ hosts, guests, overview }: Places, asked: number): void {
  if (!order.take("places", asked)) return;
  cache.setQueryData(keys.hosts, byName(hosts));
  cache.setQueryData(keys.guests, byName(guests));
  takeOverview(overview, asked);
}

function takeOverview(overview: Overview, asked: number): void {
  if (order.take("overview", asked)) cache.setQueryData(keys.overview, overview);
}

/** What a change of a host's answers. */
export function putHost(host: Host): void {
  cache.setQueryData<Host[]>(keys.hosts, (all = []) => byName([...all.filter(({ id }) => id !== host.id), host]));
}

/** What a change of a drain's answers. The list is read anew by whoever looks at it. */
export function putDrain(drain: Drain): void {
  cache.setQueryData(keys.drain(drain.id), drain);
  void cache.invalidateQueries({ queryKey: keys.drains });
}

/** Those that somebody looks at. */
export async function readDrains(): Promise<void> {
  await Promise.all([
    cache.invalidateQueries({ queryKey: keys.drains }),
    cache.invalidateQueries({ queryKey: ["drain"] }),
  ]);
}

export async function readOverview(): Promise<void> {
  const asked = order.ask();
  takeOverview(await get<Overview>("/v1/overview"), asked);
}

/** Plans that somebody looks at: what has happened may have made other ones of them. */
export async function readPlans(): Promise<void> {
  await Promise.all([
    cache.invalidateQueries({ queryKey: keys.plans }),
    cache.invalidateQueries({ queryKey: keys.drainPlans }),
  ]);
}

export async function readMigration(id: string): Promise<void> {
  keep(await currentMigration(id));
}

/** By its answer, or by what the stream has told since it was asked for. */
export async function currentMigration(id: string): Promise<Migration> {
  const asked = order.ask();
  return newerOf(await get<Migration>(`/v1/migrations/${encodeURIComponent(id)}`), asked);
}

function newerOf(answer: Migration, asked: number): Migration {
  if (order.take(answer.id, asked)) return answer;
  return cache.getQueryData<Migration>(keys.migration(answer.id)) ?? answer;
}

/** What the stream tells, and what a change of a migration's answers. */
export function put(migration: Migration): void {
  order.take(migration.id);
  keep(migration);
}

/** What shows an earlier phase is old news, wherever it comes from. */
function keep(migration: Migration): void {
  const { id } = migration;
  const listed = cache.getQueryData<Migration[]>(keys.migrations)?.find((each) => each.id === id);
  const known = cache.getQueryData<Migration>(keys.migration(id)) ?? listed;
  if (known !== undefined && ranks[migration.phase] < ranks[known.phase]) return;
  cache.setQueryData(keys.migration(id), migration);
  cache.setQueryData<Migration[]>(keys.migrations, (all = []) => {
    const others = all.filter((each) => each.id !== id);
    return [...others, migration].toSorted(newestFirst).slice(0, itemsAtMost);
  });
  notePoint(migration);
  // The stored course is whole, and has no figures after the end.
  if (isEnded(migration) && known !== undefined && !isEnded(known))
    void cache.invalidateQueries({ queryKey: keys.samples(id) });
}

/** What happened to a migration, for whoever looks at it. What comes while its history is read may be missing in that. */
export function note(event: Event): void {
  if (event.migrationId === undefined) return;
  const key = keys.history(event.migrationId);
  const isRead = cache.getQueryState(key)?.fetchStatus === "fetching";
  cache.setQueryData<Event[]>(key, (known = isRead ? [] : undefined) =>
    known === undefined || known.some(({ cursor }) => cursor === event.cursor) ? known : [...known, event],
  );
}

export function newestFirst(a: Migration, b: Migration): number {
  // Ids are UUIDv7, so that they settle a tie.
  return b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);
}

function notePoint(migration: Migration): void {
  const point = sampleOf(migration);
  if (point === undefined) return;
  cache.setQueryData<Sample[]>(keys.course(migration.id), (known = []) => {
    const last = known.at(-1);
    const isNew = last === undefined || Date.parse(point.at) - Date.parse(last.at) >= pointEveryMs;
    return isNew ? [...known.slice(1 - pointsAtMost), point] : known;
  });
}

function byName<Item extends { name: string }>(items: Item[]): Item[] {
  return items.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}
