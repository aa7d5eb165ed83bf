import { beforeEach, describe, expect, test } from "vitest";
import { BadCursorError, type Placement, type Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, commitOf, newGuest, newMigration, news, second, unique } from "./support/records.ts";

describeStore((opened) => {
  let store: Store;

  beforeEach(() => void (store = opened.store));

  test("answers a ping", async () => {
    await expect(store.ping()).resolves.toBeUndefined();
  });

  describe("hosts", () => {
    test("a host keeps its id and its beginning under its name, and takes new facts", async () => {
      const [name, id] = [unique("host"), unique("id")];
      const first = await store.hosts.seen({ id, name, facts: { cores: 8 }, at: second(1) });
      expect(first).toEqual({ id, name, facts: { cores: 8 }, createdAt: second(1), lastSeenAt: second(1) });
      const again = await store.hosts.seen({ id: unique("id"), name, facts: { cores: 16 }, at: second(2) });
      expect(again).toEqual({ ...first, facts: { cores: 16 }, lastSeenAt: second(2) });
      expect(await store.hosts.find(id)).toEqual(again);
      expect(await store.hosts.find(name)).toEqual(again);
    });

    test("of 20 first hellos at once all get the same record", async () => {
      const name = unique("host");
      const seen = () => store.hosts.seen({ id: unique("id"), name, facts: {}, at: second(1) });
      const hosts = await Promise.all(Array.from({ length: 20 }, seen));
      expect(new Set(hosts.map(({ id }) => id)).size).toBe(1);
    });

    test("a touch renews the hosts that it names and no other", async () => {
      const [touched, other] = [unique("host"), unique("host")];
      for (const name of [touched, other]) await store.hosts.seen({ id: name, name, facts: {}, at: second(1) });
      await store.hosts.touch([touched, "unknown"], second(5));
      expect((await store.hosts.find(touched))?.lastSeenAt).toEqual(second(5));
      expect((await store.hosts.find(other))?.lastSeenAt).toEqual(second(1));
    });

    test("a fence comes back as it was stored, with its events, gives way to a later one and ends with a hello", async () => {
      const [id, name] = [unique("id"), unique("host")];
      const host = await store.hosts.seen({ id, name, facts: {}, at: second(1) });
      const from = await store.events.latest();
      const fence = { at: second(2), by: "ann (1234)", reason: "no power \u{1f50c}", acceptOlderCopy: true };
      await store.hosts.fence({ id, ...fence }, [news({ hostId: id })]);
      expect(await store.hosts.find(name)).toEqual({ ...host, fenced: fence });
      const later = { at: second(3), by: "bob", reason: "NUL \0", acceptOlderCopy: false };
      await store.hosts.fence({ id, ...later }, []);
      expect((await store.hosts.find(id))?.fenced).toEqual({ ...later, reason: "NUL \ufffd" });
      await store.hosts.fence({ ...later, id: "unknown" }, [news()]);
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
      const again = await store.hosts.seen({ id: unique("id"), name, facts: {}, at: second(4) });
      expect(again).toEqual({ ...host, lastSeenAt: second(4) });
      expect(await store.hosts.find(id)).toEqual(again);
    });

    test("what was set of a host comes back, each part for itself, and a hello leaves it as it is", async () => {
      const [id, name] = [unique("id"), unique("host")];
      const host = await store.hosts.seen({ id, name, facts: {}, at: second(1) });
      const from = await store.events.latest();
      const cordoned = { at: second(2), by: "ann", reason: "new disks \u{1f4be}", drainId: "d" };
      const paused = { at: second(3), by: "bob" };
      await store.hosts.set(id, { cordoned }, [news({ hostId: id })]);
      await store.hosts.set(id, { paused, linkBudget: { outBytesPerSec: 1.5e9 } }, []);
      const again = await store.hosts.seen({ id: unique("id"), name, facts: {}, at: second(4) });
      const linkBudget = { outBytesPerSec: 1.5e9 };
      expect(again).toEqual({ ...host, cordoned, paused, linkBudget, lastSeenAt: second(4) });
      await store.hosts.set(id, { cordoned: null, linkBudget: null }, []);
      expect(await store.hosts.find(name)).toEqual({ ...host, paused, lastSeenAt: second(4) });
      await store.hosts.set("unknown", { paused: null }, [news()]);
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
    });

    test("what is an id of one host and the name of another finds the id", async () => {
      const shared = unique("host");
      await store.hosts.seen({ id: unique("id"), name: shared, facts: {}, at: second(1) });
      await store.hosts.seen({ id: shared, name: unique("host"), facts: {}, at: second(1) });
      expect((await store.hosts.find(shared))?.id).toBe(shared);
      expect(await store.hosts.find("unknown")).toBeUndefined();
    });
  });

  describe("guests", () => {
    test("a guest comes back as it was made, and its name is taken", async () => {
      const guest = newGuest({ definitions: null, devices: [{ kind: "ram", note: "NUL \0, half a pair \ud800" }] });
      const from = await store.events.latest();
      expect(await store.guests.create(guest, [news({ guestId: guest.id })])).toBe("created");
      expect(await store.guests.find(guest.name)).toEqual(guest);
      expect(await store.guests.create({ ...guest, id: unique("id") }, [news()])).toBe("name-taken");
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
    });

    test("of 20 guests of one name made at once one is created", async () => {
      const name = unique("guest");
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.guests.create(newGuest({ name }), [])));
      expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
    });

    test("a placement counts unless a higher epoch is known", async () => {
      const guest = newGuest({ epoch: 3 });
      await store.guests.create(guest, []);
      const move = (hostId: string, epoch: number) =>
        store.guests.place({ guestId: guest.id, hostId, epoch, state: "stopped", devices: null });
      expect(await move("old", 2)).toBe(false);
      expect(await store.guests.find(guest.id)).toEqual(guest);
      expect(await move("same", 3)).toBe(true);
      expect(await move("new", 4)).toBe(true);
      const placed = { ...guest, hostId: "new", epoch: 4, state: "stopped", devices: null };
      expect(await store.guests.find(guest.id)).toEqual(placed);
      await store.guests.place({ guestId: guest.id, hostId: "newer", epoch: 5, state: "running" });
      expect(await store.guests.find(guest.id)).toMatchObject({ hostId: "newer", devices: null });
      expect(await store.guests.place({ guestId: "unknown", hostId: "a", epoch: 9, state: "running" })).toBe(false);
    });

    test("a guest is removed with its events once", async () => {
      const guest = newGuest();
      await store.guests.create(guest, []);
      const from = await store.events.latest();
      await store.guests.remove(guest.id, [news()]);
      await store.guests.remove(guest.id, [news()]);
      expect(await store.guests.find(guest.id)).toBeUndefined();
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
    });

    test("D14: the guests of a host are lost unless they are being moved, each with an event, and once", async () => {
      const [hostId, other] = [unique("host"), unique("host")];
      const guest = (name: string, where = hostId) => newGuest({ name: unique(name), hostId: where, epoch: 2 });
      const [idle, moved, moving, elsewhere] = [guest("a"), guest("b"), guest("c"), guest("d", other)];
      for (const each of [idle, moved, moving, elsewhere]) await store.guests.create(each, []);
      await store.migrations.create(newMigration({ guestId: moved.id, endedAt: second(1) }), []);
      await store.migrations.create(newMigration({ guestId: moving.id }), []);
      const from = await store.events.latest();
      const event = { type: "guest.lost", at: second(3), says: "is lost." };
      expect(await store.guests.loseAllOn(hostId, event)).toEqual([idle.name, moved.name]);
      expect(await store.guests.loseAllOn(hostId, event)).toEqual([]);
      const states = [idle, moved, moving, elsewhere].map(async ({ id }) => (await store.guests.find(id))?.state);
      expect(await Promise.all(states)).toEqual(["lost", "lost", "running", "running"]);
      const told = (await store.events.after({ cursor: from, limit: 10 })).events;
      expect(told.toSorted((a, b) => (a.sentence < b.sentence ? -1 : 1))).toEqual(
        [idle, moved].map(({ id, name }) => ({
          type: "guest.lost",
          at: second(3),
          guestId: id,
          hostId,
          sentence: `${name} is lost.`,
          data: { name },
          cursor: expect.any(String),
        })),
      );
    });

    test("a lost guest runs again at its host's word, at the epoch that is known or a higher one", async () => {
      const guest = newGuest({ epoch: 3, hostId: unique("host"), state: "lost" });
      await store.guests.create(guest, []);
      const { id: guestId, hostId } = guest;
      expect(await store.guests.place({ guestId, hostId, epoch: 2, state: "running" })).toBe(false);
      expect(await store.guests.place({ guestId, hostId, epoch: 3, state: "running" })).toBe(true);
      expect(await store.guests.find(guestId)).toEqual({ ...guest, state: "running" });
      await store.guests.place({ guestId, hostId, epoch: 4, state: "lost" });
      expect(await store.guests.find(guestId)).toMatchObject({ epoch: 4, state: "lost" });
    });

    test("F1: a guest's way into a folder is kept, and nothing else is begun with the guest meanwhile", async () => {
      const guest = newGuest({ epoch: 4 });
      const guestId = guest.id;
      await store.guests.create(guest, []);
      const seen = { epoch: 4, state: "running" as const };
      const [begun, migration] = [{ guestId, save: { at: "saving" }, seen }, newMigration({ guestId })];
      expect(await store.guests.commitSave({ ...begun, seen: { ...seen, epoch: 3 } }, [])).toBe(false);
      expect(await store.guests.commitSave({ ...begun, guestId: unique("none") }, [])).toBe(false);
      expect(await store.guests.commitSave(begun, [])).toBe(true);
      expect(await store.guests.find(guestId)).toEqual({ ...guest, save: { at: "saving" } });
      expect((await store.guests.withSave()).filter(({ id }) => id === guestId)).toHaveLength(1);
      expect(await store.migrations.create(migration, [])).toBe("guest-busy");
      const placement = { hostId: "a", epoch: 5, state: "saved" as const };
      const from = await store.events.latest();
      await store.guests.commitSave({ guestId, save: { at: "saved" }, placement }, [news({ guestId })]);
      expect(await store.guests.find(guestId)).toEqual({ ...guest, ...placement, save: { at: "saved" } });
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
      expect(await store.guests.loseAllOn("a", { type: "guest.lost", at: second(3), says: "" })).not.toContain(
        guest.name,
      );
      const older = { hostId: "b", epoch: 4, state: "running" as const };
      await store.guests.commitSave({ guestId, save: undefined, placement: older }, []);
      expect(await store.guests.find(guestId)).toEqual({ ...guest, ...placement });
      expect(await store.migrations.create(migration, [])).toBe("created");
      const again = { ...begun, seen: { epoch: 5, state: "saved" as const } };
      expect(await store.guests.commitSave(again, [])).toBe(false);
    });

    test("guests are listed and counted by host", async () => {
      const [busy, quiet] = [unique("host"), unique("host")];
      const made = [busy, busy, quiet].map((hostId, index) => newGuest({ hostId, createdAt: second(index) }));
      for (const guest of made) await store.guests.create(guest, []);
      const counts = await store.guests.countByHost();
      expect([counts.get(busy), counts.get(quiet), counts.get("unknown")]).toEqual([2, 1, undefined]);
      expect((await store.guests.list({ limit: 10 }, { hostId: busy })).items).toEqual([made[1], made[0]]);
    });
  });

  describe("migrations", () => {
    test("of 20 migrations of one guest made at once one is created, and another only when it has ended", async () => {
      const guestId = unique("guest");
      const create = () => store.migrations.create(newMigration({ guestId }), [news({ guestId })]);
      const from = await store.events.latest();
      const outcomes = await Promise.all(Array.from({ length: 20 }, create));
      expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
      expect((await store.events.after({ cursor: from, limit: 100 })).events).toHaveLength(1);

      const [running] = (await store.migrations.list({ limit: 2 }, { guestId })).items;
      await store.migrations.commit({ ...commitOf(running!), phase: "completed", endedAt: second(9) });
      expect(await create()).toBe("created");
    });

    test("a commit changes state, placement and events together", async () => {
      const guest = newGuest({ epoch: 1 });
      const migration = newMigration({ guestId: guest.id });
      await store.guests.create(guest, []);
      await store.migrations.create(migration, []);
      const from = await store.events.latest();
      const placement: Placement = { guestId: guest.id, hostId: "b", epoch: 2, state: "running", devices: ["x"] };
      const events = [news({ type: "one", migrationId: migration.id, hostId: "b" }), news({ type: "two" })];
      const state = { deep: { text: "\0 and \ud83d\ude00", number: 1e-7, nothing: null } };
      const commit = { ...commitOf(migration), phase: "completed", state, endedAt: second(7), placement, events };
      expect(await store.migrations.commit(commit)).toBe("committed");

      const committed = { ...migration, phase: "completed", version: 2, state, endedAt: second(7) };
      expect(await store.migrations.find(migration.id)).toEqual(committed);
      expect(await store.guests.find(guest.id)).toEqual({ ...guest, hostId: "b", epoch: 2, devices: ["x"] });
      const logged = (await store.events.after({ cursor: from, limit: 10 })).events;
      expect(logged).toEqual(events.map((event) => ({ ...event, cursor: expect.any(String) })));
    });

    test("a stale commit changes nothing", async () => {
      const guest = newGuest({ epoch: 1 });
      const migration = newMigration({ guestId: guest.id });
      await store.guests.create(guest, []);
      await store.migrations.create(migration, []);
      const from = await store.events.latest();
      const placement: Placement = { guestId: guest.id, hostId: "b", epoch: 2, state: "stopped", devices: [] };
      const stale = { ...commitOf(migration), version: 7, phase: "failed", placement, events: [news()] };
      expect(await store.migrations.commit(stale)).toBe("stale");
      expect(await store.migrations.commit({ ...stale, id: "unknown" })).toBe("stale");
      expect(await store.migrations.find(migration.id)).toEqual(migration);
      expect(await store.guests.find(guest.id)).toEqual(guest);
      expect(await store.events.after({ cursor: from, limit: 10 })).toEqual({ events: [], expired: false });
    });

    test("of 20 commits from one version at once one is committed", async () => {
      const migration = newMigration();
      await store.migrations.create(migration, []);
      const commit = (index: number) => store.migrations.commit({ ...commitOf(migration), state: { index } });
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => commit(index)));
      const winner = outcomes.indexOf("committed");
      expect(outcomes.lastIndexOf("committed")).toBe(winner);
      const state = { index: winner };
      expect(await store.migrations.find(migration.id)).toMatchObject({ version: 2, state });
    });

    test("a commit stands where its placement is older than what is known", async () => {
      const guest = newGuest({ epoch: 5 });
      const migration = newMigration({ guestId: guest.id });
      await store.guests.create(guest, []);
      await store.migrations.create(migration, []);
      const placement: Placement = { guestId: guest.id, hostId: "b", epoch: 4, state: "stopped", devices: [] };
      expect(await store.migrations.commit({ ...commitOf(migration), placement })).toBe("committed");
      expect(await store.guests.find(guest.id)).toEqual(guest);
    });

    test("migrations are filtered by guest, by host on either side, and by phase", async () => {
      const [a, b, guestId] = [unique("host"), unique("host"), unique("guest")];
      const out = newMigration({ sourceId: a, phase: "precopy", createdAt: second(1) });
      const back = newMigration({ destinationId: a, phase: "failed", createdAt: second(2), endedAt: second(3) });
      const other = newMigration({ sourceId: b, guestId, createdAt: second(3) });
      for (const migration of [out, back, other]) await store.migrations.create(migration, []);
      const list = async (filter: object) => (await store.migrations.list({ limit: 10 }, filter)).items;
      expect(await list({ hostId: a })).toEqual([back, out]);
      expect(await list({ hostId: a, phases: ["precopy", "queued"] })).toEqual([out]);
      expect(await list({ guestId })).toEqual([other]);
      expect(await list({ guestId, phases: [] })).toEqual([]);
    });

    test("those that have not ended are active, oldest first", async () => {
      const made = [3, 1, 2].map((at) =>
        newMigration({ createdAt: second(at), endedAt: at === 2 ? second(4) : undefined }),
      );
      for (const migration of made) await store.migrations.create(migration, []);
      const ids = made.map(({ id }) => id);
      const active = (await store.migrations.active()).filter(({ id }) => ids.includes(id));
      expect(active.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
    });

    test("they are counted by phase: those that have not ended, and those that have lately", async () => {
      const before = await store.migrations.countByPhase(second(100));
      const ended = (at: number) => newMigration({ phase: "aborted", endedAt: second(at) });
      for (const migration of [newMigration({ phase: "precopy" }), ended(99), ended(100), ended(101)])
        await store.migrations.create(migration, []);
      const after = await store.migrations.countByPhase(second(100));
      const more = (phase: string) => (after.get(phase) ?? 0) - (before.get(phase) ?? 0);
      expect([more("precopy"), more("aborted"), more("queued")]).toEqual([1, 2, 0]);
    });

    test("samples come oldest first, after an instant, one for each", async () => {
      const [migrationId, other] = [unique("id"), unique("id")];
      const sample = (at: number, id = migrationId) => ({ migrationId: id, at: second(at), body: { at, id } });
      await store.migrations.addSamples([sample(3), sample(1), sample(2), sample(1, other)]);
      await store.migrations.addSamples([sample(3), sample(4)]);
      await store.migrations.addSamples([]);
      const read = (after: number, limit: number) =>
        store.migrations.samples(migrationId, { after: second(after), limit });
      expect(await read(1, 2)).toEqual([sample(2), sample(3)]);
      expect(await read(3, 9)).toEqual([sample(4)]);
      expect(await store.migrations.samples(other, { limit: 9 })).toEqual([sample(1, other)]);
    });
  });

  describe("pages", () => {
    test("every item is on one page, newest first, also where many are equally old", async () => {
      const hostId = unique("host");
      const made = Array.from({ length: 7 }, (_, index) => newGuest({ hostId, createdAt: second(index >> 1) }));
      for (const guest of made) await store.guests.create(guest, []);
      const found = await allPages((page) => store.guests.list(page, { hostId }), 2);
      expect(found).toHaveLength(7);
      expect(found.map(({ id }) => id)).toEqual(
        made
          .toSorted((a, b) => Number(b.createdAt) - Number(a.createdAt) || (a.id < b.id ? 1 : -1))
          .map(({ id }) => id),
      );
    });

    test("a cursor that no page gave is refused", async () => {
      const garbage = ["", "!", "zzzz", encode("1"), encode("99999999999999999 a"), encode("1 \0"), encode("-1 a")];
      for (const cursor of garbage) {
        const page = { limit: 1, cursor };
        await expect(store.hosts.list(page)).rejects.toThrow(BadCursorError);
        await expect(store.guests.list(page)).rejects.toThrow(BadCursorError);
        await expect(store.migrations.list(page)).rejects.toThrow(BadCursorError);
        await expect(store.events.after(page)).rejects.toThrow(BadCursorError);
      }
    });
  });

  describe("plans", () => {
    test("a plan is found until a later one is saved after its end", async () => {
      const plan = { id: unique("id"), body: { steps: [1] }, createdAt: second(1), expiresAt: second(10) };
      await store.plans.save(plan);
      await store.plans.save({ ...plan, id: unique("id"), createdAt: second(10), expiresAt: second(20) });
      expect(await store.plans.find(plan.id)).toEqual(plan);
      await store.plans.save({ ...plan, id: unique("id"), createdAt: second(11), expiresAt: second(20) });
      expect(await store.plans.find(plan.id)).toBeUndefined();
    });
  });

  describe("idempotency", () => {
    const request = () => ({ principal: "p", route: "POST /x", key: unique("key"), bodyHash: "h", at: second(0) });
    const response = { status: 201, headers: { location: "/x/1" }, body: null };

    test("of 20 claims at once one is fresh and the others are in progress", async () => {
      const same = request();
      const claims = await Promise.all(Array.from({ length: 20 }, () => store.idempotency.claim(same)));
      expect(claims.filter(({ kind }) => kind === "fresh")).toHaveLength(1);
      expect(claims.filter(({ kind }) => kind === "in-progress")).toHaveLength(19);
    });

    test("a finished request is replayed to the same body only, and not given back any more", async () => {
      const same = request();
      await store.idempotency.claim(same);
      await store.idempotency.finish({ ...same, response });
      await store.idempotency.abandon(same);
      expect(await store.idempotency.claim(same)).toEqual({ kind: "replay", response });
      expect(await store.idempotency.claim({ ...same, bodyHash: "other" })).toEqual({ kind: "other-body" });
      expect(await store.idempotency.claim({ ...same, principal: "q" })).toEqual({ kind: "fresh" });
    });

    test("a request that was given back can be claimed anew, alone or after a restart", async () => {
      const same = request();
      await store.idempotency.claim(same);
      await store.idempotency.abandon(same);
      expect(await store.idempotency.claim(same)).toEqual({ kind: "fresh" });
      await store.idempotency.abandonAll();
      expect(await store.idempotency.claim({ ...same, bodyHash: "other" })).toEqual({ kind: "fresh" });
    });

    test("a claim is forgotten after 24 hours, and not before", async () => {
      const same = request();
      await store.idempotency.claim(same);
      await store.idempotency.finish({ ...same, response });
      const day = 24 * 60 * 60;
      expect(await store.idempotency.claim({ ...same, at: second(day - 1) })).toEqual({ kind: "replay", response });
      const late = { ...same, bodyHash: "other", at: second(day) };
      expect(await store.idempotency.claim(late)).toEqual({ kind: "fresh" });
      expect(await store.idempotency.claim(late)).toEqual({ kind: "in-progress" });
    });
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}
