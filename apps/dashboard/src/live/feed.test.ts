import type { Event, Migration } from "@godwit/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cache, keys } from "./cache.ts";
import type { Everything } from "./everything.ts";
import { Feed } from "./feed.ts";

const at = "2026-01-01T00:00:00.000Z";
const overview = {
  at,
  queued: 0,
  underWay: 1,
  ended: { since: at, completed: 0, aborted: 0, failed: 0, lost: 0 },
  hosts: { connected: 0, disconnected: 0, fenced: 0 },
  guests: 0,
};

const migration = (sentBytes: number): Migration => ({
  id: "m",
  guest: "g",
  guestId: "g",
  source: "a",
  sourceId: "a",
  destination: "b",
  destinationId: "b",
  phase: "precopy",
  priority: 500,
  attempts: 0,
  limits: { downtimeLimitMs: 300, deadlineMs: 60_000, patience: "normal", ladder: [], hold: false },
  epoch: 2,
  sentBytes,
  devices: [],
  createdAt: at,
});

const everything = (migrations: Migration[] = []): Everything => ({ migrations, hosts: [], guests: [], overview });

/** A stream that the test speaks on. */
class Stream extends EventTarget {
  static last: Stream | undefined;

  constructor() {
    super();
    Stream.last = this;
  }

  close(): void {}

  say(type: string, data: unknown = {}): void {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }

  tell(type: Event["type"], more: Partial<Event> = {}): void {
    this.say(type, { type, at, cursor: type, sentence: "", data: {}, ...more } satisfies Event);
  }
}

describe("P3: what is shown is what the API last told", () => {
  let asked: { path: string; answer: (body: unknown) => void }[];

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    vi.stubGlobal("document", { hidden: true });
    vi.stubGlobal("EventSource", Stream);
    vi.stubGlobal("fetch", async (path: string) => {
      const body = await new Promise((resolve) => asked.push({ path, answer: resolve }));
      return Response.json(body);
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    cache.clear();
  });

  const settle = async (ms = 0) => await vi.advanceTimersByTimeAsync(ms);

  /** Answers what has been asked for of such a path. Returns how many questions that were. */
  const answer = async (path: string, body: unknown): Promise<number> => {
    const such = asked.filter((each) => each.path.startsWith(path));
    asked = asked.filter((each) => !such.includes(each));
    for (const each of such) each.answer(body);
    await settle();
    return such.length;
  };

  const answerPlaces = async () => [
    await answer("/v1/hosts", { items: [] }),
    await answer("/v1/guests", { items: [] }),
    await answer("/v1/overview", overview),
  ];

  const answerAll = async (migrations: Migration[]) => [
    await answer("/v1/migrations?", { items: migrations }),
    ...(await answerPlaces()),
  ];

  const sent = () => cache.getQueryData<Migration[]>(keys.migrations)?.map(({ sentBytes }) => sentBytes);

  /** Has read everything, and its stream is open. */
  const started = async (): Promise<{ feed: Feed; stream: Stream }> => {
    const feed = new Feed();
    feed.start(Promise.resolve(everything()));
    await settle();
    const stream = Stream.last;
    if (stream === undefined) throw new Error("The feed has opened no stream");
    stream.say("open");
    await answerAll([migration(1)]);
    return { feed, stream };
  };

  test("P3: an answer that was asked for before the stream told something newer changes nothing, of one migration or of all", async () => {
    const { stream } = await started();
    stream.tell("migration.changed", { migrationId: "m" });
    stream.say("migration.progress", migration(3));
    expect(await answer("/v1/migrations/m", migration(2))).toBe(1);
    expect(sent()).toEqual([3]);
    stream.say("reset");
    stream.say("migration.progress", migration(5));
    await answerAll([migration(4)]);
    expect(sent()).toEqual([5]);
    await settle(1_000);
    stream.tell("migration.changed", { migrationId: "m" });
    await answer("/v1/migrations/m", migration(6));
    expect(sent()).toEqual([6]);
  });

  test("P3: of two readings of the places the one that was begun last counts, whichever comes last", async () => {
    const { stream } = await started();
    stream.tell("host.cordoned");
    const before = asked;
    asked = [];
    stream.say("reset");
    await answerAll([migration(1)]);
    asked = before;
    await answer("/v1/hosts", { items: [{ id: "old", name: "old" }] });
    await answerPlaces();
    expect(cache.getQueryData(keys.hosts)).toEqual([]);
  });

  test("P3: what happens while everything is read is read after that, and what has happened before is not read twice", async () => {
    const { stream } = await started();
    stream.say("reset");
    stream.tell("host.cordoned");
    expect(asked.filter(({ path }) => path.startsWith("/v1/hosts"))).toHaveLength(1);
    await answerAll([]);
    expect(await answerPlaces()).toEqual([1, 1, 1]);
    stream.tell("host.uncordoned");
    stream.say("reset");
    await settle(1_000);
    expect(await answerPlaces()).toEqual([1, 1, 1]);
    await settle(1_000);
    expect(await answerPlaces()).toEqual([0, 0, 0]);
  });

  test("P3: when the stream is there again everything is read anew, once, and is live only then", async () => {
    const { feed, stream } = await started();
    stream.say("error");
    await settle(1_000);
    await answer("/v1/version", {});
    expect(asked).toEqual([]);
    Stream.last?.say("open");
    expect(feed.freshness().live).toBe(false);
    expect(await answerAll([])).toEqual([1, 1, 1, 1]);
    expect(feed.freshness().live).toBe(true);
    expect(asked).toEqual([]);
  });

  test("P3: what happens on a host makes other plans of those that are looked at, but not as often as it happens", async () => {
    const { stream } = await started();
    const stale = () => cache.getQueryState([...keys.plans, "p"])?.isInvalidated;
    const planned = () => cache.setQueryData([...keys.plans, "p"], "a plan");
    planned();
    stream.tell("host.cordoned");
    await answerPlaces();
    expect(stale()).toBe(true);
    planned();
    await settle(1_000);
    stream.tell("host.uncordoned");
    await answerPlaces();
    expect(stale()).toBe(false);
    await settle(5_000);
    expect(stale()).toBe(true);
  });

  test("P3: what happens while a history is read is not missing in it", async () => {
    const { stream } = await started();
    let answered = (): void => {};
    const whole = new Promise<void>((resolve) => (answered = resolve));
    const reading = cache.fetchQuery({
      queryKey: keys.history("m"),
      queryFn: async () => await whole.then(() => cache.getQueryData<Event[]>(keys.history("m"))),
    });
    stream.tell("migration.decision", { migrationId: "m" });
    answered();
    expect(await reading).toMatchObject([{ type: "migration.decision" }]);
  });
});
