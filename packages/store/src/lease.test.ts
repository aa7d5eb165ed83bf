import { beforeEach, expect, test, vi } from "vitest";
import { LeaseLostError, type Placement, type Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { commitOf, newGuest, newMigration, news, second, unique } from "./support/records.ts";

const longMs = 60_000;
const limitMs = 5_000;

describeStore((opened) => {
  let first: Store;
  let another: Store;

  beforeEach(async (context) => {
    first = await opened.another();
    another = await opened.another();
    context.onTestFinished(async () => {
      await first.lease.giveBack();
      await another.lease.giveBack();
      await first[Symbol.asyncDispose]();
      await another[Symbol.asyncDispose]();
    });
  });

  /** A store whose lease ran out, and the one that took it after it. */
  async function staleAndCurrent(): Promise<{ stale: Store; current: Store }> {
    await epochTaken(first, "stale", 1);
    await vi.waitUntil(() => epochTaken(another, "current", longMs), { timeout: 10_000 });
    return { stale: first, current: another };
  }

  test("D10: one that is held is refused to everybody, its holder included, with its name and the time that is left", async () => {
    expect(await epochTaken(first, "first", longMs)).toBeGreaterThan(0);
    for (const store of [another, first]) {
      const refusal = await store.lease.take({ holder: "another", forMs: longMs });
      expect(refusal).toEqual({ heldBy: "first", expiresInMs: expect.any(Number) });
      expect("expiresInMs" in refusal && refusal.expiresInMs).toBeGreaterThan(longMs / 2);
      expect("expiresInMs" in refusal && refusal.expiresInMs).toBeLessThanOrEqual(longMs);
    }
  });

  test("D10: one that was given back is taken at once, at a higher epoch", async () => {
    const before = await epochTaken(first, "first", longMs);
    await first.lease.giveBack();
    expect(await epochTaken(another, "another", longMs)).toBeGreaterThan(before!);
  });

  test("D10: one that ran out by the database's clock is taken at a higher epoch, one that is renewed is not", async () => {
    const before = await epochTaken(first, "first", 1);
    const after = await vi.waitUntil(() => epochTaken(another, "another", 1), { timeout: 10_000 });
    expect(after).toBeGreaterThan(before!);
    expect(await another.lease.renew({ forMs: longMs, limitMs })).toBe(true);
    expect(await epochTaken(first, "first", longMs)).toBeUndefined();
  });

  test("D10: of 20 that try at once one takes it", async () => {
    const tries = await Promise.all(Array.from({ length: 20 }, () => epochTaken(first, "first", longMs)));
    expect(tries.filter((epoch) => epoch !== undefined)).toHaveLength(1);
  });

  test("D10: a holder that was succeeded renews nothing and gives nothing back", async () => {
    const { stale, current } = await staleAndCurrent();
    expect(await stale.lease.renew({ forMs: longMs, limitMs })).toBe(false);
    await stale.lease.giveBack();
    expect(await stale.lease.take({ holder: "stale", forMs: longMs })).toMatchObject({ heldBy: "current" });
    expect(await current.lease.renew({ forMs: longMs, limitMs })).toBe(true);
    expect(await opened.store.lease.renew({ forMs: longMs, limitMs })).toBe(false);
  });

  test("D11: a commit of a holder that was succeeded changes nothing, and its successor's does", async () => {
    const guest = newGuest({ epoch: 1 });
    const migration = newMigration({ guestId: guest.id });
    const { stale, current } = await staleAndCurrent();
    await current.guests.create(guest, []);
    await current.migrations.create(migration, []);
    const from = await current.events.latest();
    const placement: Placement = { guestId: guest.id, hostId: "b", epoch: 2, state: "running" };
    const commit = { ...commitOf(migration), phase: "completed", endedAt: second(7), placement, events: [news()] };
    await expect(stale.migrations.commit(commit)).rejects.toThrow(LeaseLostError);
    expect(await current.migrations.find(migration.id)).toEqual(migration);
    expect(await current.guests.find(guest.id)).toEqual(guest);
    expect(await current.events.after({ cursor: from, limit: 10 })).toEqual({ events: [], expired: false });
    expect(await current.migrations.commit(commit)).toBe("committed");
    expect(await current.guests.find(guest.id)).toMatchObject({ hostId: "b", epoch: 2 });
  });

  test("D11: neither does anything else that it decides on hosts, guests, drains, the queue and migrations", async () => {
    const [guest, name] = [newGuest(), unique("host")];
    const { stale, current } = await staleAndCurrent();
    await current.guests.create(guest, []);
    const host = await current.hosts.seen({ id: name, name, facts: {}, at: second(1) });
    const drain = { id: unique("id"), hostId: name, phase: "draining", version: 1, state: {}, createdAt: second(1) };
    await current.drains.create(drain, []);
    const from = await current.events.latest();
    const tries = [
      () => stale.migrations.create(newMigration({ guestId: guest.id }), [news()]),
      () => stale.guests.create(newGuest(), [news()]),
      () => stale.guests.place({ guestId: guest.id, hostId: "b", epoch: 9, state: "stopped" }),
      () => stale.guests.remove(guest.id, [news()]),
      () => stale.guests.keepApart(guest.id, "replicas", [news()]),
      () => stale.hosts.seen({ id: name, name, facts: { stale: true }, at: second(2) }),
      () => stale.hosts.touch([name], second(2)),
      () => stale.drains.create({ ...drain, id: unique("id"), hostId: "another" }, [news()]),
      () => stale.drains.commit({ id: drain.id, version: 1, phase: "aborting", state: {}, events: [news()] }),
      () => stale.queue.pause({ at: second(2), by: "stale" }, [news()]),
      () => stale.queue.resume([news()]),
    ];
    for (const tried of tries) await expect(tried()).rejects.toThrow(LeaseLostError);
    expect(await current.guests.find(guest.id)).toEqual(guest);
    expect(await current.hosts.find(name)).toEqual(host);
    expect(await current.drains.find(drain.id)).toEqual(drain);
    expect(await current.queue.paused()).toBeUndefined();
    expect((await current.migrations.list({ limit: 10 }, { guestId: guest.id })).items).toEqual([]);
    expect(await current.events.after({ cursor: from, limit: 10 })).toEqual({ events: [], expired: false });
  });
});

async function epochTaken(store: Store, holder: string, forMs: number): Promise<number | undefined> {
  const taken = await store.lease.take({ holder, forMs });
  return "epoch" in taken ? taken.epoch : undefined;
}
