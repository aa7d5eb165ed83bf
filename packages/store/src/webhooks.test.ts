import { beforeEach, expect, test } from "vitest";
import { BadCursorError, type NewDelivery, type Store, type WebhookRecord } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, news, second, unique } from "./support/records.ts";

function newWebhook(given: Partial<WebhookRecord> = {}): WebhookRecord {
  const [id, at] = [unique("id"), second(0)];
  const told = { url: "https://a.test/", types: ["x", "y"], description: "d", secret: "whsec_1" };
  return { id, ...told, version: 1, cursor: "c0", createdAt: at, updatedAt: at, ...given };
}

function newDelivery(webhookId: string, given: Partial<NewDelivery> = {}): NewDelivery {
  return { id: unique("id"), webhookId, type: "x", body: '{"a":1}', createdAt: second(0), ...given };
}

describeStore((opened) => {
  let store: Store;
  let from: string;
  beforeEach(async () => {
    store = opened.store;
    for (const { id, version } of await store.webhooks.all()) await store.webhooks.remove(id, version, []);
    from = await store.events.latest();
  });

  const loggedSince = async () => (await store.events.after({ cursor: from, limit: 100 })).events.length;
  const made = async (given: Partial<WebhookRecord> = {}): Promise<WebhookRecord> => {
    const webhook = newWebhook(given);
    expect(await store.webhooks.create(webhook, 100, [])).toBe("created");
    return webhook;
  };
  const idsOf = async (webhookId: string) =>
    (await allPages((page) => store.deliveries.list(page, { webhookId }), 2)).map(({ id }) => id);

  test("a webhook comes back as it was made, up to as many as there may be", async () => {
    const webhook = newWebhook();
    expect(await store.webhooks.create(webhook, 1, [news()])).toBe("created");
    expect(await store.webhooks.find(webhook.id)).toEqual(webhook);
    expect(await store.webhooks.find("unknown")).toBeUndefined();
    expect(await store.webhooks.create(newWebhook(), 1, [news()])).toBe("too-many");
    const second_ = await made({ createdAt: second(1) });
    expect(await allPages((page) => store.webhooks.list(page), 1)).toEqual([second_, webhook]);
    expect(await store.webhooks.all()).toEqual([webhook, second_]);
    await expect(store.webhooks.list({ limit: 1, cursor: "!" })).rejects.toThrow(BadCursorError);
    expect(await loggedSince()).toBe(1);
  });

  test("a webhook is changed and removed at its present version only, and given a new secret beside the former one", async () => {
    const webhook = await made();
    const change = { id: webhook.id, version: 1, url: "https://b.test/", types: [], description: "", at: second(4) };
    expect(await store.webhooks.update(change, [news()])).toBe("updated");
    expect(await store.webhooks.update(change, [news()])).toBe("stale");
    expect(await store.webhooks.update({ ...change, id: "unknown" }, [news()])).toBe("gone");
    const rotation = { id: webhook.id, secret: "whsec_2", formerUntil: second(9), at: second(5) };
    expect(await store.webhooks.rotate(rotation, [news()])).toBe(true);
    expect(await store.webhooks.rotate({ ...rotation, id: "unknown" }, [news()])).toBe(false);
    const { at: _, ...changed } = change;
    expect(await store.webhooks.find(webhook.id)).toEqual({
      ...webhook,
      ...changed,
      version: 3,
      secret: "whsec_2",
      former: { secret: "whsec_1", until: second(9) },
      updatedAt: second(5),
    });
    await store.deliveries.add(newDelivery(webhook.id));
    expect(await store.webhooks.remove(webhook.id, 1, [news()])).toBe("stale");
    expect(await store.webhooks.remove(webhook.id, 3, [news()])).toBe("removed");
    expect(await store.webhooks.remove(webhook.id, 3, [news()])).toBe("gone");
    expect(await idsOf(webhook.id)).toEqual([]);
    expect(await loggedSince()).toBe(3);
  });

  test("W2: the feed is turned into deliveries once, whoever else does it, and of nothing that was removed", async () => {
    const [first, other] = [await made(), await made({ cursor: "elsewhere" })];
    const deliveries = [first, other].map(({ id }) => newDelivery(id));
    const webhookIds = [first.id, other.id, "unknown"];
    const step = { webhookIds, from: "c0", to: "c1", deliveries: [...deliveries, newDelivery("unknown")] };
    const again = { ...step, deliveries: [newDelivery(first.id)] };
    await store.deliveries.advance(step);
    await store.deliveries.advance(again);
    expect(await idsOf(first.id)).toEqual([deliveries[0]?.id]);
    expect(await idsOf(other.id)).toEqual([]);
    expect(await idsOf("unknown")).toEqual([]);
    expect((await store.webhooks.find(first.id))?.cursor).toBe("c1");
    await store.deliveries.advance({ webhookIds: [first.id], from: "c1", to: "c2", deliveries: [] });
    expect((await store.webhooks.find(first.id))?.cursor).toBe("c2");
    expect(await store.deliveries.add(newDelivery("unknown"))).toBe(false);
    expect(await store.deliveries.countPending()).toEqual(new Map([[first.id, 1]]));
  });

  test("W4: of each webhook the oldest delivery that is due is next", async () => {
    const [first, other] = [await made(), await made()];
    const [a, b, c] = [newDelivery(first.id), newDelivery(first.id), newDelivery(other.id, { createdAt: second(7) })];
    for (const delivery of [a, b, c]) await store.deliveries.add(delivery);
    const due = async (at: number, except: string[] = [], limit = 9) =>
      (await store.deliveries.due({ now: second(at), except, limit })).map(({ id }) => id);
    expect(await due(6)).toEqual([a.id]);
    expect(await due(7)).toEqual([a.id, c.id]);
    expect(await due(7, [first.id])).toEqual([c.id]);
    expect(await due(7, [], 1)).toEqual([a.id]);
    expect(await store.deliveries.nextDueAt([first.id])).toEqual(second(7));
    expect(await store.deliveries.nextDueAt([first.id, other.id])).toBeUndefined();
    const attempt = { id: a.id, attempts: 1, firstAttemptAt: second(1), at: second(1), status: 500 };
    await store.deliveries.attempted({ ...attempt, next: { state: "pending", nextAttemptAt: second(9) } }, []);
    expect(await due(8, [other.id])).toEqual([b.id]);
    expect(await due(9, [other.id])).toEqual([a.id]);
  });

  test("W3: an attempt is written once, with its events, and a delivery can be sent again", async () => {
    const { id: webhookId } = await made();
    const delivery = newDelivery(webhookId);
    await store.deliveries.add(delivery);
    const find = async () => (await store.deliveries.list({ limit: 1 }, { webhookId })).items[0];
    expect(await find()).toEqual({ ...delivery, state: "pending", attempts: 0, nextAttemptAt: second(0) });
    const failed = { id: delivery.id, firstAttemptAt: second(1), at: second(1), failure: "no answer" };
    const retried = { ...failed, attempts: 1, next: { state: "pending" as const, nextAttemptAt: second(3) } };
    for (const attempt of [retried, retried, { ...retried, attempts: 3 }])
      await store.deliveries.attempted(attempt, [news()]);
    expect(await find()).toMatchObject({ attempts: 1, lastAttempt: { at: second(1), failure: "no answer" } });
    const gaveUp = { state: "abandoned" as const, endedAt: second(4) };
    await store.deliveries.attempted({ ...failed, attempts: 2, at: second(4), status: 500, next: gaveUp }, [news()]);
    const ended = await find();
    expect(ended).toMatchObject({ state: "abandoned", attempts: 2, firstAttemptAt: second(1), endedAt: second(4) });
    expect(ended).not.toHaveProperty("nextAttemptAt");
    await store.deliveries.attempted({ ...failed, attempts: 3, next: gaveUp }, [news()]);
    expect(await loggedSince()).toBe(2);
    const again = await store.deliveries.resend(webhookId, delivery.id, second(8));
    expect(again).toMatchObject({ id: delivery.id, state: "pending", attempts: 0, nextAttemptAt: second(8) });
    expect(again).not.toHaveProperty("endedAt");
    expect(await store.deliveries.resend("another", delivery.id, second(8))).toBeUndefined();
  });

  test("deliveries are listed newest first, by their state, and pruned only once they have ended", async () => {
    const { id: webhookId } = await made();
    const five = Array.from({ length: 5 }, (_, index) => newDelivery(webhookId, { createdAt: second(index) }));
    for (const [index, delivery] of five.entries()) {
      await store.deliveries.add(delivery);
      const attempt = { id: delivery.id, attempts: 1, firstAttemptAt: second(9), at: second(9), status: 200 };
      if (index < 4)
        await store.deliveries.attempted({ ...attempt, next: { state: "delivered", endedAt: second(10 + index) } }, []);
    }
    expect(await idsOf(webhookId)).toEqual(five.map(({ id }) => id).toReversed());
    const pending = (await store.deliveries.list({ limit: 9 }, { webhookId, state: "pending" })).items;
    expect(pending.map(({ id }) => id)).toEqual([five[4]?.id]);
    expect(await store.deliveries.prune({ before: second(11), keep: 2 })).toBe(2);
    expect(await idsOf(webhookId)).toEqual([five[4], five[3], five[2]].map((each) => each?.id));
  });
});
