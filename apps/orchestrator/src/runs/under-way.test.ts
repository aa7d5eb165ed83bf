import { type Migration, queued } from "@godwit/core";
import { describe, expect, test } from "vitest";
import { Bus } from "../bus.ts";
import { precopyOf } from "./support/precopy.ts";
import { waitUntil } from "./under-way.ts";

const id = "m1";
const precopy = precopyOf(id);
const limitMs = 5_000;

/** A queued migration that somebody waits for, and what makes it begin; what changes is told once. */
function waitedFor() {
  let state: Migration = queued(precopy.facts, precopy.limits);
  const bus = new Bus();
  const runs = { get: () => ({ state }) };
  const store = { migrations: { find: async () => undefined } };
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), limitMs);
  const waiting = waitUntil({ bus, runs, store, clock: { now: () => 0 } }, id, "precopy", given.signal)
    .then(() => (given.signal.aborted ? "too long" : "reached"))
    .finally(() => clearTimeout(timer));
  return { bus, waiting, begin: () => (state = precopy), giveUp: () => given.abort() };
}

/** Whoever waits has looked by then, and listens. */
async function listening(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("who waits for a migration", () => {
  test("is told of the first change, if that is what is waited for and nothing follows it", async () => {
    const { bus, waiting, begin } = waitedFor();
    await listening();
    begin();
    bus.tell("migration", id);
    expect(await waiting).toBe("reached");
  });

  test("goes on waiting through changes of others, and earlier ones of its own", async () => {
    const { bus, waiting, begin } = waitedFor();
    await listening();
    bus.tell("migration", "another");
    bus.tell("migration", id);
    await listening();
    begin();
    bus.tell("migration", "another");
    bus.tell("migration", id);
    expect(await waiting).toBe("reached");
  });

  test("is let go when nothing comes", async () => {
    const { waiting, giveUp } = waitedFor();
    await listening();
    giveUp();
    expect(await waiting).toBe("too long");
  });
});
