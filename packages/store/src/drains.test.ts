import { beforeEach, expect, test } from "vitest";
import { BadCursorError, type DrainRecord, type Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, news, second, unique } from "./support/records.ts";

describeStore((opened) => {
  let store: Store;

  beforeEach(() => void (store = opened.store));

  const eventsSince = async (from: string) => (await store.events.after({ cursor: from, limit: 10 })).events;

  test("a drain comes back as it was made, with its events", async () => {
    const drain = newDrain({ state: { leg: "out", guests: [{ note: "half a pair \ud800, \u{1f50c}" }] } });
    const from = await store.events.latest();
    expect(await store.drains.create(drain, [news({ data: { drainId: drain.id } })])).toBe("created");
    expect(await store.drains.find(drain.id)).toEqual(drain);
    expect(await store.drains.find("unknown")).toBeUndefined();
    expect(await eventsSince(from)).toMatchObject([{ data: { drainId: drain.id } }]);
  });

  test("E1: of 20 drains of one host made at once one is created, and the others tell nothing", async () => {
    const hostId = unique("host");
    const from = await store.events.latest();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.drains.create(newDrain({ hostId }), [news()])),
    );
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(["created", "under-way"]));
    expect(await eventsSince(from)).toHaveLength(1);
  });

  test("a decision takes the next version with its events; one that was made from an older version changes nothing", async () => {
    const drain = newDrain();
    await store.drains.create(drain, []);
    const from = await store.events.latest();
    const commit = { ...commitOf(drain), phase: "paused", state: { paused: true }, events: [news()] };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.drains.commit(commit)));
    expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(["committed", "stale"]));
    expect(await store.drains.find(drain.id)).toEqual({
      ...drain,
      phase: "paused",
      state: { paused: true },
      version: 2,
    });
    expect(await eventsSince(from)).toHaveLength(1);
    expect(await store.drains.commit({ ...commit, id: "unknown" })).toBe("stale");
  });

  test("E1, E8: once it has ended its host may be drained anew, and it may not begin again beside that", async () => {
    const ended = newDrain();
    await store.drains.create(ended, []);
    const end = { ...commitOf(ended), phase: "completed", endedAt: second(5) };
    expect(await store.drains.commit(end)).toBe("committed");
    expect(await store.drains.find(ended.id)).toMatchObject({ phase: "completed", endedAt: second(5) });

    const next = newDrain({ hostId: ended.hostId });
    expect(await store.drains.create(next, [])).toBe("created");
    const from = await store.events.latest();
    const returning = { ...commitOf(ended), version: 2, phase: "returning", events: [news()] };
    expect(await store.drains.commit(returning)).toBe("under-way");
    expect(await store.drains.find(ended.id)).toMatchObject({ phase: "completed", version: 2, endedAt: second(5) });
    expect(await eventsSince(from)).toEqual([]);

    await store.drains.commit({ ...commitOf(next), phase: "aborted", endedAt: second(6) });
    expect(await store.drains.commit(returning)).toBe("committed");
    const again = await store.drains.find(ended.id);
    expect(again).toMatchObject({ phase: "returning", version: 3 });
    expect(again).not.toHaveProperty("endedAt");
  });

  test("those that have not ended are told oldest first, and no other", async () => {
    const [older, newer, ended] = [
      newDrain({ createdAt: second(1) }),
      newDrain({ createdAt: second(2) }),
      newDrain({ createdAt: second(3), phase: "failed", endedAt: second(4) }),
    ];
    for (const each of [newer, ended, older]) await store.drains.create(each, []);
    const ours = (await store.drains.active()).filter(({ id }) => [older.id, newer.id, ended.id].includes(id));
    expect(ours).toEqual([older, newer]);
  });

  test("A4: a list of a host's is paged, newest first, those of one moment each once", async () => {
    const hostId = unique("host");
    const drains = Array.from({ length: 5 }, (_, index) =>
      newDrain({ hostId, createdAt: second(Math.floor(index / 2)), phase: "completed", endedAt: second(9) }),
    );
    for (const each of [...drains, newDrain()]) await store.drains.create(each, []);
    const found = await allPages((page) => store.drains.list(page, { hostId }), 2);
    const times = found.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(found.map(({ id }) => id).toSorted()).toEqual(drains.map(({ id }) => id).toSorted());
    expect((await store.drains.list({ limit: 200 })).items.length).toBeGreaterThan(drains.length);
    await expect(store.drains.list({ limit: 2, cursor: "garbage" })).rejects.toThrow(BadCursorError);
  });
});

function newDrain({ endedAt, ...given }: Partial<DrainRecord> = {}): DrainRecord {
  const made = { id: unique("id"), hostId: unique("host"), phase: "draining", version: 1, state: {} };
  return { ...made, createdAt: second(0), ...given, ...(endedAt && { endedAt }) };
}

function commitOf({ id, version, phase, state }: DrainRecord) {
  return { id, version, phase, state, events: [] };
}
