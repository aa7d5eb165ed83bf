import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store, TokenRecord } from "@godwit/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bearer } from "./http/auth.ts";
import { ensureTokenFile, parseToken } from "./tokens.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "godwit-tokens-"))));
afterEach(async () => await rm(folder, { recursive: true }));

/** The one part of the store that tokens need, in memory. */
function tokensOnly(): { store: Store; records: Map<string, TokenRecord> } {
  const records = new Map<string, TokenRecord>();
  const tokens: Store["tokens"] = {
    add: async (token) => void records.set(token.id, token),
    find: async (id) => records.get(id),
    touch: async (id, at) => void records.set(id, { ...records.get(id)!, lastUsedAt: at }),
    revoke: async () => false,
    list: async () => ({ items: [] }),
  };
  // Nothing but the tokens is asked for here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { store: { tokens } as Store, records };
}

test("a token is made once, readable by its owner only, and its secret is not in the store", async () => {
  const { store, records } = tokensOnly();
  const path = join(folder, "token");
  await ensureTokenFile(store, path, "admin", new Date());
  const text = (await readFile(path, "utf8")).trim();
  await ensureTokenFile(store, path, "admin", new Date());
  expect((await readFile(path, "utf8")).trim()).toBe(text);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(text).toMatch(/^gdw_\w{8}_\w{32}_\w{6}$/);
  expect(JSON.stringify([...records.values()])).not.toContain(parseToken(text)?.secret);
});

test("only the token itself opens: no other secret, no mistyped one, no revoked one, no other scheme", async () => {
  const { store, records } = tokensOnly();
  const path = join(folder, "token");
  await ensureTokenFile(store, path, "agent", new Date());
  const token = (await readFile(path, "utf8")).trim();
  const authenticate = bearer(store, () => new Date());
  expect(await authenticate(`Bearer ${token}`)).toMatchObject({ role: "agent" });
  const last = token.endsWith("0") ? "1" : "0";
  for (const wrong of [
    undefined,
    "",
    token,
    `Basic ${token}`,
    `Bearer ${token.slice(0, -1)}${last}`,
    `Bearer ${token}x`,
  ]) {
    expect(await authenticate(wrong)).toBeUndefined();
  }
  const other = tokensOnly();
  await ensureTokenFile(other.store, join(folder, "other"), "admin", new Date());
  expect(await authenticate(`Bearer ${(await readFile(join(folder, "other"), "utf8")).trim()}`)).toBeUndefined();
  for (const [id, record] of records) records.set(id, { ...record, revokedAt: new Date() });
  expect(await authenticate(`Bearer ${token}`)).toBeUndefined();
});

test("a token opens until it expires; the file of one that opens nothing any more gets another", async () => {
  const { store, records } = tokensOnly();
  const path = join(folder, "token");
  await ensureTokenFile(store, path, "admin", new Date(0));
  const token = (await readFile(path, "utf8")).trim();
  for (const [id, record] of records) records.set(id, { ...record, expiresAt: new Date(1_000) });
  const at = async (ms: number) => await bearer(store, () => new Date(ms))(`Bearer ${token}`);
  expect(await at(999)).toMatchObject({
    scopes: ["read", "operate", "policies:manage", "hosts:fence", "tokens:manage", "admin"],
  });
  expect(await at(1_000)).toBeUndefined();
  await ensureTokenFile(store, path, "admin", new Date(1_000));
  expect((await readFile(path, "utf8")).trim()).not.toBe(token);
});

test("a flipped character anywhere is seen before anybody is asked", async () => {
  const { store } = tokensOnly();
  const path = join(folder, "token");
  await ensureTokenFile(store, path, "admin", new Date());
  const token = (await readFile(path, "utf8")).trim();
  for (let at = 4; at < token.length; at += 1) {
    if (token[at] === "_") continue;
    const flipped = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
    expect(parseToken(flipped)).toBeUndefined();
  }
});
