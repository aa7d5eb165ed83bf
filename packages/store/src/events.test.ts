import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startPostgres, type TemporaryPostgres } from "../../../test/support/postgres.ts";
import { need } from "../../../test/support/requirements.ts";
import { type EventRecord, type Events, type NewEvent, openStore, type Store } from "./index.ts";

const postgres = need("postgres");
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const news = (sentence: string, given: Partial<NewEvent> = {}): NewEvent => {
  return { type: "test", at: at(0), sentence, data: {}, ...given };
};
const sentences = (events: EventRecord[]): string[] => events.map(({ sentence }) => sentence);

describe("the feed on PGlite", () => {
  let folder: string;
  let store: Store;
  let feed: Events;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
    store = await openStore({ dataFolder: folder });
    feed = store.events;
  });
  beforeEach(async () => void (await feed.prune({ before: at(1_000_000), keep: 0 })));
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("starts with the oldest event that is kept, and goes on after a cursor in the order of writing", async () => {
    await feed.add([news("a"), news("b", { at: at(-5) })]);
    await feed.add([]);
    await feed.add([news("c")]);
    const start = await feed.after({ limit: 2 });
    expect([sentences(start.events), start.expired]).toEqual([["a", "b"], false]);
    const rest = await feed.after({ cursor: start.events[1]?.cursor, limit: 2 });
    expect([sentences(rest.events), rest.expired]).toEqual([["c"], false]);
    expect(await feed.latest()).toBe(rest.events[0]?.cursor);
  });

  test("can be read for one migration alone", async () => {
    await feed.add([news("a", { migrationId: "m" }), news("b", { migrationId: "n" }), news("c", { migrationId: "m" })]);
    const { events } = await feed.after({ migrationId: "m", limit: 10 });
    expect(sentences(events)).toEqual(["a", "c"]);
    const after = await feed.after({ migrationId: "m", cursor: events[0]?.cursor, limit: 10 });
    expect(sentences(after.events)).toEqual(["c"]);
  });

  test("pruning removes the old and all but the newest, and says how many", async () => {
    await feed.add([1, 9, 2, 3, 4].map((seconds) => news(`at ${seconds}`, { at: at(seconds) })));
    expect(await feed.prune({ before: at(3), keep: 10 })).toBe(2);
    expect(sentences((await feed.after({ limit: 10 })).events)).toEqual(["at 9", "at 3", "at 4"]);
    expect(await feed.prune({ before: at(0), keep: 2 })).toBe(1);
    expect(sentences((await feed.after({ limit: 10 })).events)).toEqual(["at 3", "at 4"]);
    expect(await feed.prune({ before: at(0), keep: 2 })).toBe(0);
  });

  test("a cursor is expired exactly when an event after it was pruned", async () => {
    await feed.add(["a", "b", "c", "d"].map((sentence) => news(sentence)));
    const cursors = (await feed.after({ limit: 10 })).events.map(({ cursor }) => cursor);
    const expired = async () =>
      Promise.all(cursors.map(async (cursor) => (await feed.after({ cursor, limit: 1 })).expired));
    expect(await expired()).toEqual([false, false, false, false]);
    await feed.prune({ before: at(-1), keep: 2 });
    expect(await expired()).toEqual([true, false, false, false]);
    await feed.prune({ before: at(-1), keep: 0 });
    expect(await expired()).toEqual([true, true, true, false]);
    expect((await feed.after({ limit: 10 })).expired).toBe(false);
    expect(await feed.latest()).toBe(cursors[3]);
  });

  test("a cursor in one migration's feed is not expired by the events of others", async () => {
    await feed.add([news("a", { migrationId: "p" }), news("b", { migrationId: "q" }), news("c", { migrationId: "q" })]);
    const cursor = (await feed.after({ limit: 1 })).events[0]?.cursor;
    await feed.prune({ before: at(-1), keep: 0 });
    expect((await feed.after({ migrationId: "p", cursor, limit: 1 })).expired).toBe(false);
    expect((await feed.after({ migrationId: "q", cursor, limit: 1 })).expired).toBe(true);
    expect((await feed.after({ cursor, limit: 1 })).expired).toBe(true);
  });
});

describe("the feed on PostgreSQL", () => {
  let server: TemporaryPostgres;
  let store: Store;
  let stores: Store[];
  let client: Client;

  beforeAll(async () => {
    if (postgres.missing !== undefined) return;
    server = await startPostgres(postgres.path ?? "");
    stores = await Promise.all([1, 2, 3].map(() => openStore({ databaseUrl: server.url })));
    store = stores[0]!;
    client = new Client(server.url);
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    for (const store of stores ?? []) await store[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  beforeEach((context) => {
    if (postgres.missing !== undefined) context.skip(postgres.missing);
  });

  test("an event of a transaction that began early and ended late is behind no cursor", async () => {
    const start = await store.events.latest();
    await client.query("BEGIN");
    await client.query("INSERT INTO events (type, at, sentence, data) VALUES ('test', now(), 'slow', '{}')");
    await store.events.add([news("quick")]);
    expect(await store.events.after({ cursor: start, limit: 10 })).toEqual({ events: [], expired: false });
    expect(await store.events.latest()).toBe(start);
    await client.query("COMMIT");
    expect(sentences((await store.events.after({ cursor: start, limit: 10 })).events)).toEqual(["slow", "quick"]);
  });

  test("with 24 writers at once every reader sees each event once, all in one order", async () => {
    const start = await store.events.latest();
    const written: string[] = [];
    const write = async (writer: number): Promise<void> => {
      for (let turn = 0; turn < 15; turn += 1) {
        const batch = Array.from({ length: 1 + (turn % 3) }, (_, index) => `${writer}.${turn}.${index}`);
        await stores[writer % 3]!.events.add(batch.map((sentence) => news(sentence)));
        written.push(...batch);
      }
    };
    let writing = true;
    const read = async ({ events: feed }: Store): Promise<string[]> => {
      const seen: string[] = [];
      for (let cursor = start; ;) {
        const lastRound = !writing;
        const { events, expired } = await feed.after({ cursor, limit: 7 });
        expect(expired).toBe(false);
        seen.push(...sentences(events));
        cursor = events.at(-1)?.cursor ?? cursor;
        if (lastRound && events.length === 0) return seen;
      }
    };
    const readers = stores.map(read);
    await Promise.all(Array.from({ length: 24 }, (_, writer) => write(writer)));
    writing = false;
    const [first, ...others] = await Promise.all(readers);
    expect(first?.toSorted()).toEqual(written.toSorted());
    for (const other of others) expect(other).toEqual(first);
    const bySameWriter = first?.filter((sentence) => sentence.startsWith("7."));
    expect(bySameWriter).toEqual(written.filter((sentence) => sentence.startsWith("7.")));
  });

  test("what came from another server's dump is readable, and that server's cursors are expired", async () => {
    await store.events.add([news("restored")]);
    await client.query("UPDATE events SET xid = '4000000000' WHERE sentence = 'restored'");
    const cursor = Buffer.from("4000000000.1").toString("base64url");
    await using reopened = await openStore({ databaseUrl: server.url });
    await reopened.events.add([news("new")]);
    const { events } = await reopened.events.after({ limit: 10_000 });
    expect(sentences(events).slice(-2)).toEqual(["restored", "new"]);
    expect((await reopened.events.after({ cursor, limit: 1 })).expired).toBe(true);
  });
});
