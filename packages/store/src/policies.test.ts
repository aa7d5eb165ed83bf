import { beforeEach, expect, test } from "vitest";
import { BadCursorError, type JsonObject, type PolicyRecord, type Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, news, second, unique } from "./support/records.ts";

describeStore((opened) => {
  let store: Store;
  let from: string;

  beforeEach(async () => {
    store = opened.store;
    from = await store.events.latest();
  });

  const loggedSince = async () => (await store.events.after({ cursor: from, limit: 100 })).events.length;

  test("a policy comes back as it was made, by its id and by its name, and its name is taken", async () => {
    const policy = newPolicy({ settings: { deep: [1e-7, null, "NUL \0, half a pair \ud800"] }, updatedAt: second(3) });
    expect(await store.policies.create(policy, [news()])).toBe("created");
    expect(await store.policies.find(policy.id)).toEqual(policy);
    expect(await store.policies.find(policy.name)).toEqual(policy);
    expect(await store.policies.find("unknown")).toBeUndefined();
    expect(await store.policies.create({ ...policy, id: unique("id") }, [news()])).toBe("name-taken");
    expect(await loggedSince()).toBe(1);
  });

  test("what is the id of one policy and the name of another finds the id", async () => {
    const policy = newPolicy();
    await store.policies.create(newPolicy({ name: policy.id }), []);
    await store.policies.create(policy, []);
    expect(await store.policies.find(policy.id)).toEqual(policy);
  });

  test("an update changes name and settings, and the version grows by one", async () => {
    const policy = newPolicy();
    await store.policies.create(policy, []);
    const change = { id: policy.id, version: 1, name: unique("policy"), settings: { limitMs: 9 }, at: second(4) };
    expect(await store.policies.update(change, [news(), news()])).toBe("updated");
    const { name, settings } = change;
    expect(await store.policies.find(policy.id)).toEqual({
      ...policy,
      name,
      settings,
      version: 2,
      updatedAt: second(4),
    });
    expect(await loggedSince()).toBe(2);
  });

  test("an update or a removal from an old version, or of what is not there, changes and logs nothing", async () => {
    const policy = newPolicy({ version: 5 });
    await store.policies.create(policy, []);
    const change = { id: policy.id, version: 4, name: "other", settings: {}, at: second(4) };
    expect(await store.policies.update(change, [news()])).toBe("stale");
    expect(await store.policies.update({ ...change, id: "unknown" }, [news()])).toBe("gone");
    expect(await store.policies.remove(policy.id, 4, [news()])).toBe("stale");
    expect(await store.policies.remove("unknown", 5, [news()])).toBe("gone");
    expect(await store.policies.find(policy.id)).toEqual(policy);
    expect(await loggedSince()).toBe(0);
  });

  test("an update to a name that another policy has changes and logs nothing", async () => {
    const [policy, other] = [newPolicy(), newPolicy()];
    for (const each of [policy, other]) await store.policies.create(each, []);
    const change = { id: policy.id, version: 1, name: other.name, settings: {}, at: second(4) };
    expect(await store.policies.update(change, [news()])).toBe("name-taken");
    expect(await store.policies.find(policy.id)).toEqual(policy);
    expect(await store.policies.update({ ...change, version: 7 }, [news()])).toBe("stale");
    expect(await loggedSince()).toBe(0);
  });

  test("of 20 updates from one version at once one is done and the others are stale", async () => {
    const policy = newPolicy();
    await store.policies.create(policy, []);
    const update = (index: number) =>
      store.policies.update({ ...policy, settings: { index }, at: second(index) }, [news()]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => update(index)));
    expect(outcomes.filter((outcome) => outcome === "stale")).toHaveLength(19);
    const settings = { index: outcomes.indexOf("updated") };
    expect(await store.policies.find(policy.id)).toMatchObject({ version: 2, settings });
    expect(await loggedSince()).toBe(1);
  });

  test("of 20 policies that take one name at once one gets it", async () => {
    const name = unique("policy");
    const made = Array.from({ length: 20 }, () => newPolicy());
    for (const policy of made) await store.policies.create(policy, []);
    const outcomes = await Promise.all(
      made.map((policy) => store.policies.update({ ...policy, name, at: second(1) }, [news()])),
    );
    expect(outcomes.filter((outcome) => outcome === "updated")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "name-taken")).toHaveLength(19);
    expect(await loggedSince()).toBe(1);
  });

  test("a policy is removed with its events once, and its name is free then", async () => {
    const policy = newPolicy();
    await store.policies.create(policy, []);
    expect(await store.policies.remove(policy.id, 1, [news()])).toBe("removed");
    expect(await store.policies.remove(policy.id, 1, [news()])).toBe("gone");
    expect(await store.policies.find(policy.id)).toBeUndefined();
    expect(await store.policies.create({ ...policy, id: unique("id") }, [])).toBe("created");
    expect(await loggedSince()).toBe(1);
  });

  test("every policy is on one page, newest first", async () => {
    const made = Array.from({ length: 5 }, (_, index) => newPolicy({ createdAt: second(100 + index) }));
    for (const policy of made) await store.policies.create(policy, []);
    const found = await allPages((page) => store.policies.list(page), 2);
    expect(found.slice(0, 5)).toEqual(made.toReversed());
    await expect(store.policies.list({ limit: 1, cursor: "!" })).rejects.toThrow(BadCursorError);
  });

  test("of 20 processes that bring the same built-in policies one makes them", async () => {
    const [first, second] = [builtIn({ a: 1 }), builtIn({ b: [2, "\0"] })];
    await Promise.all(Array.from({ length: 20 }, () => store.policies.ensureBuiltIn([first, second])));
    await store.policies.ensureBuiltIn([]);
    for (const { at, ...policy } of [first, second]) {
      const made = { ...policy, builtIn: true, version: 1, createdAt: at, updatedAt: at };
      expect(await store.policies.find(policy.name)).toEqual(made);
    }
  });

  test("a built-in policy whose settings differ is brought up to date once, and one that agrees is left alone", async () => {
    const [changed, same] = [builtIn({ a: 1 }), builtIn({ b: 1 })];
    await store.policies.ensureBuiltIn([changed, same]);
    const later = [changed, same].map((policy) => ({ ...policy, id: unique("id"), at: second(9) }));
    const next = [{ ...later[0]!, settings: { a: 2 } }, later[1]!];
    await Promise.all(Array.from({ length: 20 }, () => store.policies.ensureBuiltIn(next)));
    const { id } = changed;
    expect(await store.policies.find(id)).toMatchObject({ settings: { a: 2 }, version: 2, updatedAt: second(9) });
    expect(await store.policies.find(same.id)).toMatchObject({ settings: { b: 1 }, version: 1, updatedAt: second(1) });
  });

  test("a built-in policy takes a new name under its id, unless that is taken", async () => {
    const [policy, other] = [builtIn({ a: 1 }), newPolicy()];
    await store.policies.ensureBuiltIn([policy]);
    await store.policies.create(other, []);
    await store.policies.ensureBuiltIn([{ ...policy, name: other.name }]);
    expect(await store.policies.find(policy.id)).toMatchObject({ name: policy.name, version: 1 });
    const name = unique("policy");
    await store.policies.ensureBuiltIn([{ ...policy, name }]);
    expect(await store.policies.find(policy.id)).toMatchObject({ name, version: 2 });
  });

  test("a policy of a built-in one's name that is not built in stays as it is", async () => {
    const policy = newPolicy();
    await store.policies.create(policy, []);
    const other = builtIn({ a: 2 });
    await store.policies.ensureBuiltIn([{ ...builtIn({ a: 1 }), name: policy.name }, other]);
    expect(await store.policies.find(policy.name)).toEqual(policy);
    expect(await store.policies.find(other.name)).toMatchObject({ id: other.id, builtIn: true });
  });
});

function newPolicy(given: Partial<PolicyRecord> = {}): PolicyRecord {
  const [id, name, at] = [unique("id"), unique("policy"), second(0)];
  const times = { createdAt: at, updatedAt: at };
  return { id, name, builtIn: false, version: 1, settings: { limitMs: 300 }, ...times, ...given };
}

function builtIn(settings: JsonObject) {
  return { id: unique("id"), name: unique("policy"), settings, at: second(1) };
}
