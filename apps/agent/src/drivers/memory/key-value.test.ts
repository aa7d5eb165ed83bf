import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Conversation } from "./conversation.ts";
import { KeyValueStore } from "./key-value.ts";
import { pageBytes, Pages } from "./pages.ts";
import { Replies } from "./replies.ts";
import { WriteThrottle } from "./write-throttle.ts";

/** Two pages of slots: few enough that searches collide and wrap around. */
const smallBytes = 3 * pageBytes;

class Client {
  readonly pages: Pages;
  store: KeyValueStore;
  #said = "";
  readonly #conversation: Conversation;

  constructor(sizeBytes = smallBytes) {
    this.pages = new Pages(sizeBytes);
    this.store = KeyValueStore.create(this.pages);
    const send = (bytes: Buffer) => (this.#said += bytes.toString("latin1"));
    this.#conversation = new Conversation(this.store, new Replies(), () => ({ keys: this.store.used }), send);
  }

  /** The replies to what is said in pieces. */
  say(...pieces: string[]): string[] {
    this.#said = "";
    for (const piece of pieces) this.#conversation.take(Buffer.from(piece, "latin1"));
    return this.#said.split("\n").slice(0, -1);
  }
}

const key = fc.nat(40).map((number) => `k${number}`);
const command = fc.oneof(
  fc.tuple(
    fc.constant("SET"),
    key,
    fc.string({ maxLength: 60, unit: fc.constantFrom("a", "b", " ", "\r", "\0", "z") }),
  ),
  fc.tuple(fc.constant("GET"), key, fc.constant("")),
  fc.tuple(fc.constant("DEL"), key, fc.constant("")),
);

test("the store answers as a map with as many places would, however the lines are cut", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 150 }), fc.integer({ min: 1, max: 300 }), (commands, size) => {
      const client = new Client();
      const model = new Map<string, string>();
      const expected = commands.map(([verb, name, value]) => {
        const held = model.get(name);
        if (verb === "GET") return held === undefined ? "NONE" : `VALUE ${held}`;
        if (verb === "DEL") return model.delete(name) ? "OK" : "NONE";
        if (held === undefined && model.size >= client.store.usedLimit) return "ERROR full All 28 slots are in use.";
        model.set(name, value);
        return "OK";
      });
      const text = commands
        .map(([verb, name, value]) => `${verb} ${name}${verb === "SET" ? ` ${value}` : ""}\n`)
        .join("");
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      expect(client.say(...pieces)).toEqual(expected);
      expect(client.store.used).toBe(model.size);
      // All of it lies in the pages: a store made of them anew holds the same.
      const again = new KeyValueStore(client.pages);
      for (const [name, value] of model) {
        const found = again.get(Buffer.from(name), 0, name.length);
        expect(found?.segment.toString("latin1", found.start, found.end)).toBe(value);
      }
    }),
    { numRuns: 300 },
  );
});

test("every page that a command changes is marked", () => {
  const unmarked: string[] = [];
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 100 }), (commands) => {
      const client = new Client();
      for (const [verb, name, value] of commands) {
        const before = Buffer.from(Buffer.concat([client.pages.segmentOf(0)]));
        client.pages.dirty.clearAll();
        client.say(`${verb} ${name}${verb === "SET" ? ` ${value}` : ""}\n`);
        for (let page = 0; page < client.pages.pageCount; page += 1) {
          const range = [page * pageBytes, (page + 1) * pageBytes] as const;
          const changed = !before.subarray(...range).equals(client.pages.segmentOf(0).subarray(...range));
          if (changed && !client.pages.dirty.test(page)) unmarked.push(`page ${page} after ${verb} ${name}`);
        }
      }
    }),
    { numRuns: 50 },
  );
  expect(unmarked).toEqual([]);
});

test("a key or a value that is too large is refused, and the largest is not", () => {
  const client = new Client();
  expect(client.say(`SET ${"k".repeat(128)} ${"v".repeat(120)}\n`)).toEqual(["OK"]);
  expect(client.say(`GET ${"k".repeat(128)}\n`)).toEqual([`VALUE ${"v".repeat(120)}`]);
  const refusal = "ERROR too-large A key is at most 128 bytes, key and value 248 together.";
  expect(client.say(`SET ${"k".repeat(129)} v\n`, `SET k ${"v".repeat(248)}\n`)).toEqual([refusal, refusal]);
});

test("what is no command is answered with an error, and what follows is carried out", () => {
  const client = new Client();
  const replies = client.say("FLY away\nSET\nSET k\nSET  v\nGET a b\nDEL a b\n\nSET k v\nGET k\nGET \n");
  expect(replies.map((reply) => reply.split(" ").slice(0, 2).join(" "))).toEqual([
    "ERROR unknown-command",
    "ERROR unknown-command",
    "ERROR bad-request",
    "ERROR bad-request",
    "ERROR bad-request",
    "ERROR bad-request",
    "ERROR unknown-command",
    "OK",
    "VALUE v",
    "ERROR unknown-command",
  ]);
});

test("a line over the limit is answered once and skipped, in one piece or in many", () => {
  const long = `SET k ${"v".repeat(5000)}`;
  const expected = ["ERROR line-too-long A line is shorter than 512 bytes.", "NONE"];
  expect(new Client().say(`${long}\nGET k\n`)).toEqual(expected);
  expect(new Client().say(...(`${long}\nGET k\n`.match(/.{1,100}|\n/g) ?? []))).toEqual(expected);
});

test("memory that holds no store, or one of another size, is refused", () => {
  expect(() => new KeyValueStore(new Pages(smallBytes))).toThrow("holds no key-value store");
  const pages = new Pages(2 * smallBytes);
  new Client().pages.segmentOf(0).copy(pages.segmentOf(0), 0, 0, pageBytes);
  expect(() => new KeyValueStore(pages)).toThrow("of 3 pages, not 6");
});

test("while writes are held back every line is answered as ever and in its order, reads without delay, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 300 }),
      (commands, size) => {
        const text = commands
          .map(([verb, name, value]) => `${verb} ${name}${verb === "SET" ? ` ${value}` : ""}\n`)
          .join("");
        let nowMs = 0;
        const throttle = new WriteThrottle(() => nowMs);
        throttle.throttle(0.5);
        const pages = new Pages(smallBytes);
        let said = "";
        const send = (bytes: Buffer) => (said += bytes.toString("latin1"));
        const client = new Conversation(KeyValueStore.create(pages), new Replies(), () => ({}), send, throttle);
        for (let at = 0; at < text.length; at += size) client.take(Buffer.from(text.slice(at, at + size), "latin1"));
        const writes = commands.filter(([verb]) => verb !== "GET").length;
        const readsFirst = commands.findIndex(([verb]) => verb !== "GET");
        expect(client.heldBack).toBe(writes > 0);
        expect(said.split("\n").length - 1).toBe(readsFirst === -1 ? commands.length : readsFirst);
        let turns = 0;
        for (; client.heldBack; turns += 1) {
          nowMs += 1000;
          client.goOn();
        }
        expect(turns).toBe(writes);
        expect(said.split("\n").slice(0, -1)).toEqual(new Client().say(text));
      },
    ),
    { numRuns: 200 },
  );
});

test("distinct bytes written are counted in whole pages from one reset to the next, whatever a migration sends or loads", () => {
  const { pages, store } = new Client(16 * pageBytes);
  expect(pages.dirtied(true)).toBe(pageBytes);
  const [one, other] = [Buffer.from("onek1"), Buffer.from("otherk2")];
  for (let turn = 0; turn < 5; turn += 1) store.set(one, 0, 3, 3, 5);
  const first = pages.dirtied(false);
  // The slot's page, and the first, which counts the slots in use.
  expect(first).toBe(2 * pageBytes);
  pages.takeForSending(0, pages.pageCount, new Uint8Array(16 * pageBytes), 0);
  pages.store(5, 9, new Uint8Array(4 * pageBytes), 0);
  pages.forgetSent();
  expect(pages.dirtied(false)).toBe(first);
  expect(pages.dirtied(true)).toBe(first);
  expect(pages.dirtied(false)).toBe(0);
  store.set(one, 0, 3, 3, 5);
  expect(pages.dirtied(false)).toBe(pageBytes);
  store.set(other, 0, 5, 5, 7);
  expect(pages.dirtied(true)).toBe(3 * pageBytes);
});
