import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JsonObject, openStore, type Store } from "@godwit/store";
import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Recorder } from "./recorder.ts";
import { precopyOf, reportOf } from "./support/precopy.ts";

let store: Store;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-recorder-"));
  store = await openStore({ dataFolder: folder });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A recorder over the real store, through which nothing goes while it is away. */
function recorderOver(gate: { away: boolean }): { recorder: Recorder; warnings: JsonObject[] } {
  const warnings: JsonObject[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void warnings.push(JSON.parse(line)) });
  const append: Store["traces"]["append"] = async (chunks) => {
    if (gate.away) throw new Error("the database is away");
    await store.traces.append(chunks);
  };
  const traces = {
    append,
    next: async (id: string) => await store.traces.next(id),
    prune: async (before: Date) => await store.traces.prune(before),
    read: async (...args: Parameters<Store["traces"]["read"]>) => await store.traces.read(...args),
  };
  const recorder = new Recorder({ store: { traces }, clock: { now: () => Date.UTC(2026, 0, 31) }, log });
  return { recorder, warnings };
}

async function linesOf(id: string): Promise<string[]> {
  const chunks = await store.traces.read(id, { from: 0, limit: 100 });
  return chunks
    .map(({ text }) => text)
    .join("")
    .trim()
    .split("\n");
}

test("L4: what two recorders have noted of one migration, one after the other, is one trace", async () => {
  const id = uuidv7();
  for (const sent of [1, 2]) {
    const { recorder } = recorderOver({ away: false });
    recorder.note(precopyOf(id), reportOf(id, { atMs: sent, left: 9, sent }));
    await recorder.flush();
    recorder.end(id);
    await recorder.flush();
  }
  const lines = await linesOf(id);
  expect(lines.map((line) => ("tickMs" in JSON.parse(line) ? "header" : "tick"))).toEqual([
    "header",
    "tick",
    "header",
    "tick",
  ]);
});

test("L4: while the database is away nothing is lost; it is warned of, and tried again", async () => {
  const [id, other] = [uuidv7(), uuidv7()];
  const gate = { away: true };
  const { recorder, warnings } = recorderOver(gate);
  recorder.note(precopyOf(id), reportOf(id, { atMs: 0, left: 9, sent: 1 }));
  await recorder.flush();
  recorder.note(precopyOf(id), reportOf(id, { atMs: 100, left: 8, sent: 2 }));
  recorder.note(precopyOf(other), reportOf(other, { atMs: 100, left: 8, sent: 2 }));
  recorder.end(id);
  await recorder.flush();
  expect(warnings).toHaveLength(2);
  gate.away = false;
  await Promise.all([recorder.flush(), recorder.flush()]);
  expect(await linesOf(id)).toHaveLength(3);
  expect(await linesOf(other)).toHaveLength(2);
  // It has ended and is stored: nothing of it waits any more, and nothing is stored twice.
  await recorder.flush();
  expect(await linesOf(id)).toHaveLength(3);
});

test("what is noted outside precopy is no part of it", async () => {
  const id = uuidv7();
  const { recorder } = recorderOver({ away: false });
  const { facts, limits, version, course } = precopyOf(id);
  recorder.note({ version, facts, limits, course, phase: "queued" }, reportOf(id, { atMs: 0, left: 9, sent: 1 }));
  await recorder.flush();
  expect(await store.traces.next(id)).toBe(0);
});
