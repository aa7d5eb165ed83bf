import { beforeEach, describe, expect, test } from "vitest";
import type { Store } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { newGuest, news, second, unique } from "./support/records.ts";

describeStore((opened) => {
  let store: Store;
  let from: string;

  beforeEach(async () => {
    store = opened.store;
    from = await store.events.latest();
  });

  const toldSince = async () => (await store.events.after({ cursor: from, limit: 10 })).events;

  describe("the queue", () => {
    beforeEach(async () => void (await store.queue.resume([])));

    test("S9: that it is paused comes back with who, since when and why, until it is resumed, also in the next process", async () => {
      expect(await store.queue.paused()).toBeUndefined();
      const pause = { at: second(1), by: "ann", reason: "new switch \u{1f50c}, NUL \0" };
      expect(await store.queue.pause(pause, [news()])).toBe(true);
      const kept = { ...pause, reason: "new switch \u{1f50c}, NUL \ufffd" };
      expect(await store.queue.paused()).toEqual(kept);
      await using another = await opened.another();
      expect(await another.queue.paused()).toEqual(kept);
      expect(await store.queue.resume([news()])).toBe(true);
      expect(await store.queue.paused()).toBeUndefined();
      expect(await toldSince()).toHaveLength(2);
    });

    test("a pause without a reason has none", async () => {
      const pause = { at: second(1), by: "ann" };
      await store.queue.pause(pause, []);
      expect(Object.entries((await store.queue.paused()) ?? {})).toEqual(Object.entries(pause));
    });

    test("of 20 pauses at once the first counts and is told, and so it is with as many resumes", async () => {
      const pauses = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.queue.pause({ at: second(index), by: `${index}` }, [news()])),
      );
      expect(pauses.filter(Boolean)).toHaveLength(1);
      expect((await store.queue.paused())?.by).toBe(String(pauses.indexOf(true)));
      const resumes = await Promise.all(Array.from({ length: 20 }, () => store.queue.resume([news()])));
      expect(resumes.filter(Boolean)).toHaveLength(1);
      expect(await toldSince()).toHaveLength(2);
    });
  });

  describe("labels by which guests are kept apart", () => {
    test("one is given, changed and taken away, with its event, and of an unknown guest nothing is told", async () => {
      const guest = newGuest();
      await store.guests.create(guest, []);
      for (const keepApart of ["replicas", "others"]) {
        await store.guests.keepApart(guest.id, keepApart, [news({ guestId: guest.id })]);
        expect(await store.guests.find(guest.id)).toEqual({ ...guest, keepApart });
      }
      await store.guests.keepApart(guest.id, undefined, [news({ guestId: guest.id })]);
      const found = await store.guests.find(guest.id);
      expect(found).toEqual(guest);
      expect(found).not.toHaveProperty("keepApart");
      await store.guests.keepApart("unknown", "replicas", [news()]);
      expect(await toldSince()).toHaveLength(3);
    });

    test("S10: the labels on a host are those of the guests that are there now, one as often as it is there", async () => {
      const [a, b] = [unique("host"), unique("host")];
      const [label, other] = [unique("label"), unique("label")];
      const guests = [
        newGuest({ hostId: a, keepApart: label }),
        newGuest({ hostId: a, keepApart: label }),
        newGuest({ hostId: b, keepApart: other }),
        newGuest({ hostId: b }),
      ];
      for (const each of guests) await store.guests.create(each, []);
      const labelsOn = async (host: string) => (await store.guests.labelsByHost()).get(host)?.toSorted();
      expect([await labelsOn(a), await labelsOn(b)]).toEqual([[label, label], [other]]);

      const [mover] = guests;
      await store.guests.place({ guestId: mover?.id ?? "", hostId: b, epoch: 2, state: "running" });
      expect([await labelsOn(a), await labelsOn(b)]).toEqual([[label], [label, other].toSorted()]);
      for (const { id } of guests) await store.guests.remove(id, []);
      expect([await labelsOn(a), await labelsOn(b)]).toEqual([undefined, undefined]);
    });
  });
});
