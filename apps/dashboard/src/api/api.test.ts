import { afterEach, expect, test, vi } from "vitest";
import { post, postOnce, UnreachableError } from "./api.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Answers never come. Returns the keys of the requests that were sent. */
function cutOff(): (string | null)[] {
  const keys: (string | null)[] = [];
  vi.stubGlobal("fetch", async (_path: string, { headers }: RequestInit) => {
    keys.push(new Headers(headers).get("idempotency-key"));
    throw new TypeError("Failed to fetch");
  });
  return keys;
}

test("D5: what was not answered is asked for again with the same key", async () => {
  const keys = cutOff();
  await expect(post("/v1/migrations", {})).rejects.toThrow(UnreachableError);
  expect(keys).toEqual([expect.stringMatching(/./), keys[0], keys[0]]);
});

test("A6: what makes a secret is asked for once, and that it may have been made is said", async () => {
  const keys = cutOff();
  await expect(postOnce("/v1/tokens", {})).rejects.toThrow(/may have been made/);
  expect(keys).toEqual([null]);
});
