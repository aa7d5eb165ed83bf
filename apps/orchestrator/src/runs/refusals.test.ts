import type { NewEvent } from "@godwit/store";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Refusals, type RefusedWord } from "./refusals.ts";

const word: RefusedWord = {
  migrationId: "m",
  guestId: "g",
  said: "running",
  epoch: 7,
  code: "stale-epoch",
  detail: "why",
};

function refusals(isAway = false) {
  const kept: NewEvent[] = [];
  const logged: string[] = [];
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const add = async (events: NewEvent[]) => {
    if (isAway) throw new Error("the database is away");
    kept.push(...events);
  };
  const find = async () => undefined;
  const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
  const parts = { store: { events: { add }, migrations: { find } }, agents: { get: () => undefined } };
  return { told: new Refusals({ ...parts, bus: { tell: () => undefined }, clock, log }), kept, logged, clock };
}

test("H11: the same refusal is kept once in 60 s; another host's, word's or code's is another one", () => {
  const { told, kept, clock } = refusals();
  for (let time = 0; time < 100; time += 1) told.word("a", word);
  told.word("b", word);
  told.word("a", { ...word, said: "revoked" });
  told.word("a", { ...word, code: "not-its-part" });
  expect(kept).toHaveLength(4);
  clock.nowMs = 59_999;
  told.word("a", word);
  expect(kept).toHaveLength(4);
  clock.nowMs = 60_000;
  told.word("a", word);
  expect(kept).toHaveLength(5);
  expect(kept[0]).toMatchObject({
    type: "migration.message-refused",
    migrationId: "m",
    guestId: "g",
    hostId: "a",
    data: { code: "stale-epoch", said: "running", epoch: 7, host: "a", by: "orchestrator" },
  });
});

test("H11: of a migration that nobody knows an agent is not taken at its word: the event is the host's alone", async () => {
  const { told, kept } = refusals();
  const code = "bad-ticket";
  await told.byAgent("a", {
    type: "rejected",
    migrationId: "made up",
    guestId: "g",
    said: "hello",
    code,
    detail: "why",
  });
  await told.byAgent("a", { type: "rejected", said: "grant", code, detail: "why" });
  expect(kept.map(({ migrationId, guestId, hostId }) => [migrationId, guestId, hostId])).toEqual([
    [undefined, undefined, "a"],
    [undefined, undefined, "a"],
  ]);
});

test("H11: what cannot be stored is in the log all the same", async () => {
  const { told, logged } = refusals(true);
  await told.byAgent("a", { type: "rejected", said: "hello", code: "bad-ticket", detail: "why" });
  expect(logged.join("")).toContain('"code":"bad-ticket"');
});
