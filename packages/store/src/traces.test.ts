import { beforeEach, expect, test } from "vitest";
import type { TraceChunk, Traces } from "./index.ts";
import { describeStore } from "./support/engines.ts";
import { second, unique } from "./support/records.ts";

describeStore((opened) => {
  let traces: Traces;

  beforeEach(() => void ({ traces } = opened.store));

  const numbers = async (migrationId: string, from: number, limit: number) =>
    (await traces.read(migrationId, { from, limit })).map(({ sequence }) => sequence);

  test("chunks come back as they were appended, in order, from a number on, at most the limit", async () => {
    const [id, other] = [unique("id"), unique("id")];
    const made = [2, 0, 1, 3].map((sequence) => chunk(id, sequence));
    await traces.append([...made, chunk(other, 0)]);
    await traces.append([]);
    expect(await traces.read(id, { from: 0, limit: 10 })).toEqual(made.toSorted((a, b) => a.sequence - b.sequence));
    expect(await numbers(id, 1, 2)).toEqual([1, 2]);
    expect(await numbers(id, 4, 2)).toEqual([]);
    expect(await numbers(other, 0, 9)).toEqual([0]);
  });

  test("the text is kept whatever it holds, and where it is long", async () => {
    const id = unique("id");
    const texts = ['{"quote":"\\"\\\\ \\u0000"}\n', "{NULL,'}\r\n\t\u{1f600}\n", "", `${"x".repeat(1_000_000)}\n`];
    await traces.append(texts.map((text, sequence) => ({ ...chunk(id, sequence), text })));
    expect((await traces.read(id, { from: 0, limit: 9 })).map(({ text }) => text)).toEqual(texts);
  });

  test("a chunk that the database cannot hold as it is does not lose the others", async () => {
    const id = unique("id");
    await traces.append([{ ...chunk(id, 0), text: "a\0b\n" }, chunk(id, 1)]);
    expect((await traces.read(id, { from: 0, limit: 1 }))[0]?.text).toBe("a\u{fffd}b\n");
    expect(await traces.next(id)).toBe(2);
  });

  test("the same chunk appended again changes nothing, also at once and in one batch", async () => {
    const id = unique("id");
    const [first, second] = [chunk(id, 0), chunk(id, 1)];
    await Promise.all(Array.from({ length: 20 }, () => traces.append([first, second, first])));
    await traces.append([{ ...first, text: "other\n" }]);
    expect(await traces.read(id, { from: 0, limit: 9 })).toEqual([first, second]);
  });

  test("the next number is one more than the last, and 0 at the beginning", async () => {
    const id = unique("id");
    expect(await traces.next(id)).toBe(0);
    await traces.append([chunk(id, 0), chunk(id, 1)]);
    expect(await traces.next(id)).toBe(2);
  });

  test("pruning removes whole traces of which the newest chunk is old, and says how many chunks", async () => {
    const [live, edge] = [unique("id"), unique("id")];
    const old = Array.from({ length: 120 }, () => unique("id"));
    // The newest of a trace decides, in whatever order clocks have numbered them.
    await traces.append(old.flatMap((id) => [chunk(id, 0, long(1)), chunk(id, 1, long(2))]));
    await traces.append([chunk(live, 0, long(1)), chunk(live, 1, long(9)), chunk(live, 2, long(1))]);
    await traces.append([chunk(edge, 0, long(3))]);
    expect(await traces.prune(long(3))).toBe(240);
    expect(await traces.prune(long(3))).toBe(0);
    expect(await numbers(old[0]!, 0, 9)).toEqual([]);
    expect(await traces.next(old[0]!)).toBe(0);
    expect(await numbers(live, 0, 9)).toEqual([0, 1, 2]);
    expect(await numbers(edge, 0, 9)).toEqual([0]);
  });
});

function chunk(migrationId: string, sequence: number, at = second(sequence)): TraceChunk {
  return { migrationId, sequence, at, text: `{"sequence":${sequence}}\n{}\n` };
}

/** Long before the chunks of the other tests. */
function long(seconds: number): Date {
  return new Date(Date.UTC(2001, 0, 1, 0, 0, seconds));
}
