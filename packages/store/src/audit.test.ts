import { beforeEach, expect, test } from "vitest";
import { type AuditFilter, type AuditRecord, BadCursorError, type Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, second, unique } from "./support/records.ts";

function newRecord(given: Partial<AuditRecord> = {}): AuditRecord {
  const [id, requestId] = [unique("id"), unique("request")];
  return { id, createdAt: second(0), operation: "DELETE /v1/guests/{guest}", requestId, ...given };
}

describeStore((opened) => {
  let store: Store;
  beforeEach(async () => {
    store = opened.store;
    await store.audit.prune({ before: second(9_000), keep: 0, keepUnknown: 0 });
  });

  const listed = async (filter?: AuditFilter) => await allPages((page) => store.audit.list(page, filter), 2);

  test("a record comes back as it was added, and then with how it ended", async () => {
    const target = { type: "guest", id: "g", name: "web" };
    const whole = newRecord({ who: { id: "t", name: "ci" }, target, reason: "NUL \0", outcome: { status: 204 } });
    await store.audit.add(whole);
    expect(await listed()).toEqual([{ ...whole, reason: "NUL \u{fffd}" }]);
    const bare = newRecord({ createdAt: second(1), target: { type: "guest", name: "db" } });
    await store.audit.add(bare);
    expect((await listed())[0]).toEqual(bare);
    await store.audit.finish(bare.id, { status: 404, code: "unknown-guest" }, undefined);
    expect((await listed())[0]).toEqual({ ...bare, outcome: { status: 404, code: "unknown-guest" } });
    await store.audit.finish(bare.id, { status: 201 }, { type: "guest", id: "new" });
    const made = { type: "guest", id: "new", name: "db" };
    expect((await listed())[0]).toEqual({ ...bare, target: made, outcome: { status: 201 } });
    await store.audit.finish("unknown", { status: 201 }, undefined);
  });

  test("every record is on one page, newest first, by who, target and time", async () => {
    const ann = { id: "a1", name: "ann" };
    const made = [
      newRecord({ createdAt: second(10), who: ann, target: { type: "guest", id: "g1", name: "web" } }),
      newRecord({ createdAt: second(11), who: { id: "b1", name: "bob" }, target: { type: "host", name: "web" } }),
      newRecord({ createdAt: second(12), who: ann }),
      newRecord({ createdAt: second(13) }),
    ];
    for (const record of made) await store.audit.add(record);
    const expected = (...positions: number[]) => positions.map((position) => made[position]);
    expect(await listed()).toEqual(expected(3, 2, 1, 0));
    expect(await listed({ who: "ann" })).toEqual(expected(2, 0));
    expect(await listed({ who: "a1", target: "web" })).toEqual(expected(0));
    expect(await listed({ target: "web" })).toEqual(expected(1, 0));
    expect(await listed({ target: "g1" })).toEqual(expected(0));
    expect(await listed({ since: second(12) })).toEqual(expected(3, 2));
    await expect(store.audit.list({ limit: 1, cursor: "!" })).rejects.toThrow(BadCursorError);
  });

  test("what is old goes, then all but the newest; what nobody known has asked for crowds nothing out", async () => {
    const known = (count: number) => newRecord({ createdAt: second(count), who: { id: "a", name: "ann" } });
    for (const record of [known(0), known(1), known(2), known(3)]) await store.audit.add(record);
    for (let count = 10; count < 20; count += 1) await store.audit.add(newRecord({ createdAt: second(count) }));
    expect(await store.audit.prune({ before: second(1), keep: 5, keepUnknown: 2 })).toBe(9);
    const left = (await listed()).map(({ createdAt }) => createdAt);
    expect(left).toEqual([second(19), second(18), second(3), second(2), second(1)]);
    expect(await store.audit.prune({ before: second(1), keep: 3, keepUnknown: 2 })).toBe(2);
    expect((await listed()).at(-1)?.createdAt).toEqual(second(3));
  });
});
