import { beforeEach, describe, expect, test } from "vitest";
import { BadCursorError, type Store, type TokenRecord } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { allPages, news, second, unique } from "./support/records.ts";

function newToken(given: Partial<TokenRecord> = {}): TokenRecord {
  const [id, scopes] = [unique("id"), ["read", "hosts:fence"]];
  return { id, name: "t", role: "admin", scopes, secretHash: "00", createdAt: second(1), ...given };
}

describeStore((opened) => {
  let store: Store;

  beforeEach(() => void (store = opened.store));

  describe("tokens", () => {
    test("a token comes back as it was added, with the time of its last use", async () => {
      const from = await store.events.latest();
      const token = newToken({ role: "agent", scopes: [] });
      await store.tokens.add(token, [news()]);
      expect(await store.tokens.find(token.id)).toEqual(token);
      await store.tokens.touch(token.id, second(2));
      await store.tokens.touch("unknown", second(2));
      expect(await store.tokens.find(token.id)).toEqual({ ...token, lastUsedAt: second(2) });
      const whole = newToken({ expiresAt: second(9), lastUsedAt: second(2), revokedAt: second(3) });
      await store.tokens.add(whole, []);
      expect(await store.tokens.find(whole.id)).toEqual(whole);
      expect(await store.tokens.find("unknown")).toBeUndefined();
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
    });

    test("a token is revoked once, with its events", async () => {
      const token = newToken();
      await store.tokens.add(token, []);
      const from = await store.events.latest();
      const revoke = (at: number) => store.tokens.revoke(token.id, second(at), [news()]);
      expect((await Promise.all([revoke(5), revoke(5), revoke(5)])).filter(Boolean)).toHaveLength(1);
      expect(await revoke(6)).toBe(false);
      expect(await store.tokens.find(token.id)).toEqual({ ...token, revokedAt: second(5) });
      expect(await store.tokens.revoke("unknown", second(5), [news()])).toBe(false);
      expect((await store.events.after({ cursor: from, limit: 10 })).events).toHaveLength(1);
    });

    test("every token is on one page, newest first", async () => {
      const made = [newToken({ createdAt: second(40) }), newToken({ createdAt: second(41) })];
      for (const token of made) await store.tokens.add(token, []);
      const listed = await allPages((page) => store.tokens.list(page), 1);
      expect(listed.filter(({ id }) => made.some((token) => token.id === id))).toEqual(made.toReversed());
      await expect(store.tokens.list({ limit: 1, cursor: "!" })).rejects.toThrow(BadCursorError);
    });
  });
});
