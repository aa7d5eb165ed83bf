import { beforeEach, expect, test } from "vitest";
import type { OutcomeRecord, Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { commitOf, newMigration, second, unique } from "./support/records.ts";

describeStore((opened) => {
  let store: Store;

  beforeEach(() => void (store = opened.store));

  /** Keeps outcomes as the product does: each with the commit that ends its migration. */
  const keep = async (...outcomes: OutcomeRecord[]) => {
    for (const outcome of outcomes) {
      const migration = newMigration({ id: outcome.migrationId });
      await store.migrations.create(migration, []);
      const commit = { ...commitOf(migration), phase: "completed", endedAt: outcome.at, outcome };
      expect(await store.migrations.commit(commit)).toBe("committed");
    }
  };

  test("an outcome comes back as it was committed, with its devices in their order", async () => {
    const devices = [
      { name: "ram", kind: "memory", version: "1", declaredMs: 0.1, actualMs: 1 / 3 },
      { name: "gpu-0", kind: "gpu", version: "", declaredMs: 0, actualMs: 1e9 },
      { name: "gpu-1", kind: "gpu", version: "2.0 \u{1f600}", declaredMs: 12, actualMs: 12 },
    ];
    const predicted = { predictedMs: 100.25, lowMs: 80, highMs: 130.5, bandwidthBytesPerSec: 1.25e9, handoverMs: 7.1 };
    const outcome = newOutcome({ ...predicted, devices });
    await keep(outcome);
    expect(await store.outcomes.ofPair(outcome.sourceId, outcome.destinationId, 10)).toEqual([outcome]);
  });

  test("an outcome without a prediction and without devices has neither", async () => {
    const outcome = newOutcome({ devices: [] });
    await keep(outcome);
    const [found] = await store.outcomes.ofPair(outcome.sourceId, outcome.destinationId, 10);
    expect(found).toEqual(outcome);
    expect(JSON.parse(JSON.stringify(found))).not.toHaveProperty("predictedMs");
  });

  test("a stale commit keeps no outcome, and a second one of the same migration does not double it", async () => {
    const migration = newMigration();
    await store.migrations.create(migration, []);
    const outcome = newOutcome({ migrationId: migration.id });
    const found = () => store.outcomes.ofPair(outcome.sourceId, outcome.destinationId, 10);
    const commit = { ...commitOf(migration), outcome };
    expect(await store.migrations.commit({ ...commit, version: 7 })).toBe("stale");
    expect(await found()).toEqual([]);

    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.migrations.commit(commit)));
    expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
    const later = { ...outcome, actualMs: 1, devices: [...outcome.devices, ...outcome.devices] };
    expect(await store.migrations.commit({ ...commit, version: 2, outcome: later })).toBe("committed");
    expect(await found()).toEqual([outcome]);
    expect(await store.migrations.find(migration.id)).toMatchObject({ version: 3 });
  });

  test("a device's name that the database cannot hold does not keep a migration from ending", async () => {
    const version = `${unique("version")} \0`;
    const outcome = newOutcome({ devices: [{ name: "\0", kind: "\0", version, declaredMs: 1, actualMs: 2 }] });
    await keep(outcome);
    const [found] = await store.outcomes.ofPair(outcome.sourceId, outcome.destinationId, 1);
    expect(found?.devices[0]?.name).toBe("\u{fffd}");
    expect(await store.outcomes.ofBackEnd("\0", version, 1)).toEqual([{ declaredMs: 1, actualMs: 2, at: outcome.at }]);
    expect((await store.outcomes.accuracy({ kind: "\0" })).count).toBe(0);
  });

  test("a pair's outcomes are those of its direction, newest first, at most the limit", async () => {
    const [a, b] = [unique("host"), unique("host")];
    const [old, recent, middle, back] = [1, 9, 5, 6].map((at) => pairOutcome(a, b, { at: second(at) }));
    await keep(old!, recent!, middle!, { ...back!, sourceId: b, destinationId: a }, pairOutcome(a, unique("host")));
    expect(await store.outcomes.ofPair(a, b, 2)).toEqual([recent, middle]);
    expect(await store.outcomes.ofPair(a, b, 9)).toEqual([recent, middle, old]);
    expect(await store.outcomes.ofPair(b, b, 9)).toEqual([]);
  });

  test("a back end's times are those of its kind and version on any host, newest first, at most the limit", async () => {
    const kind = unique("kind");
    const device = (actualMs: number, version = "1") => ({ name: "d", kind, version, declaredMs: 4, actualMs });
    await keep(
      newOutcome({ at: second(1), devices: [device(10)] }),
      newOutcome({ at: second(9), devices: [device(20), device(99, "2"), device(30)] }),
      newOutcome({ at: second(5), devices: [device(40)] }),
    );
    const times = async (limit: number) => (await store.outcomes.ofBackEnd(kind, "1", limit)).map((d) => d.actualMs);
    expect(await times(9)).toEqual([20, 30, 40, 10]);
    expect(await times(3)).toEqual([20, 30, 40]);
    expect(await store.outcomes.ofBackEnd(kind, "2", 9)).toEqual([{ declaredMs: 4, actualMs: 99, at: second(9) }]);
    expect(await store.outcomes.ofBackEnd(kind, "3", 9)).toEqual([]);
  });

  test("accuracy counts what was predicted: quantiles of the error, the bias, and the shares within band and limit", async () => {
    const [a, b] = [unique("host"), unique("host")];
    const limitMs = 300;
    await keep(
      // Errors of 0.5, 0 and 0.25, in both directions; the last one has no band.
      pairOutcome(a, b, { predictedMs: 300, lowMs: 250, highMs: 350, actualMs: 200, limitMs }),
      pairOutcome(a, b, { predictedMs: 300, lowMs: 250, highMs: 300, actualMs: 300, limitMs }),
      pairOutcome(a, b, { predictedMs: 300, actualMs: 400, limitMs }),
      pairOutcome(a, b, { actualMs: 9_999, limitMs }),
    );
    const accuracy = await store.outcomes.accuracy({ sourceId: a });
    expect(accuracy).toMatchObject({ count: 3, errorP50: 0.25, biasMs: 0, withinBand: 0.5 });
    expect(accuracy.errorP90).toBeCloseTo(0.45, 9);
    expect(accuracy.withinLimit).toBeCloseTo(2 / 3, 9);
  });

  test("accuracy is undefined where nothing was predicted, and an actual time of zero has no relative error", async () => {
    const [a, b] = [unique("host"), unique("host")];
    await keep(pairOutcome(a, b));
    expect(await store.outcomes.accuracy({ sourceId: a })).toEqual({ count: 0 });
    await keep(pairOutcome(a, b, { predictedMs: 8, actualMs: 0 }));
    expect(await store.outcomes.accuracy({ sourceId: a })).toEqual({ count: 1, biasMs: -8, withinLimit: 1 });
  });

  test("accuracy is narrowed by time, by either host and by the kind of a device", async () => {
    const [a, b, kind] = [unique("host"), unique("host"), unique("kind")];
    const device = { name: "d", kind, version: "1", declaredMs: 0, actualMs: 0 };
    await keep(
      pairOutcome(a, b, { predictedMs: 1, at: second(1), devices: [device, { ...device, name: "e" }] }),
      pairOutcome(a, unique("host"), { predictedMs: 1, at: second(2) }),
      pairOutcome(unique("host"), b, { predictedMs: 1, at: second(3), devices: [device] }),
    );
    const count = async (filter: object) => (await store.outcomes.accuracy(filter)).count;
    expect(await count({ sourceId: a })).toBe(2);
    expect(await count({ destinationId: b })).toBe(2);
    expect(await count({ sourceId: a, destinationId: b })).toBe(1);
    expect(await count({ kind })).toBe(2);
    expect(await count({ kind, since: second(2) })).toBe(1);
    expect(await count({ sourceId: a, since: second(2) })).toBe(1);
    expect(await count({ sourceId: b, kind })).toBe(0);
    expect(await count({})).toBeGreaterThanOrEqual(3);
  });

  test("pruning removes the older outcomes with their devices, and says how many", async () => {
    const [a, b, kind] = [unique("host"), unique("host"), unique("kind")];
    const devices = [1, 2].map((actualMs) => ({ name: `d${actualMs}`, kind, version: "1", declaredMs: 0, actualMs }));
    // Long before those of the other tests.
    const long = (seconds: number) => new Date(Date.UTC(2001, 0, 1, 0, 0, seconds));
    const [first, second, third] = [1, 2, 3].map((at) => pairOutcome(a, b, { at: long(at), devices }));
    await keep(first!, second!, third!);
    expect(await store.outcomes.prune(long(3))).toBe(2);
    expect(await store.outcomes.prune(long(3))).toBe(0);
    expect(await store.outcomes.ofPair(a, b, 9)).toEqual([third]);
    expect(await store.outcomes.ofBackEnd(kind, "1", 9)).toHaveLength(2);
  });
});

function pairOutcome(sourceId: string, destinationId: string, given: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return newOutcome({ sourceId, destinationId, ...given });
}

function newOutcome(given: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const [migrationId, sourceId, destinationId] = [unique("id"), unique("host"), unique("host")];
  const devices = [{ name: "ram", kind: "memory", version: "1", declaredMs: 0, actualMs: 3 }];
  const times = { at: second(0), actualMs: 90, limitMs: 300 };
  return { migrationId, sourceId, destinationId, ...times, devices, ...given };
}
