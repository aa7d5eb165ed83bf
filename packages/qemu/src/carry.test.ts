import { array, assert, asyncProperty, integer, nat } from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { Carry, type Readable } from "./carry.ts";

const stuckMs = 3_000;

/** A connection of so many chunks: whoever writes waits while it is full, whoever reads while it is empty. */
class Pipe implements Readable {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get ended(): boolean {
    return this.#closed && this.#chunks.length === 0;
  }

  get length(): number {
    return this.#chunks.length;
  }

  get isFull(): boolean {
    return this.#chunks.length >= this.#limit;
  }

  async write(chunk: Uint8Array): Promise<void> {
    while (this.isFull) await this.#news();
    this.#chunks.push(chunk);
    this.#tell();
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0 && !this.#closed) await this.#news();
    return this.#take();
  }

  async next(limitMs: number): Promise<Uint8Array | undefined> {
    if (this.#chunks.length === 0 && !this.#closed) await this.#news(limitMs);
    return this.#take();
  }

  close(): void {
    this.#closed = true;
    this.#tell();
  }

  #take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#tell();
    return chunk;
  }

  async #news(limitMs?: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (limitMs !== undefined) setTimeout(resolve, limitMs);
    });
  }

  #tell(): void {
    for (const tell of this.#waiting.splice(0)) tell();
  }
}

/** An order in which one side writes, and one in which the other reads, that do with a single chunk's room on each connection. */
function orders(picks: number[], choices: number[]): { writes: number[]; reads: number[] } {
  const reads: number[] = [];
  const waiting = new Set<number>();
  const readOne = (index: number) => {
    const stream = [...waiting][index % waiting.size] ?? 0;
    waiting.delete(stream);
    reads.push(stream);
    return stream;
  };
  let choice = 0;
  const choose = () => choices[choice++ % choices.length] ?? 0;
  for (const stream of picks) {
    while (waiting.has(stream)) readOne(choose());
    waiting.add(stream);
  }
  while (waiting.size > 0) readOne(choose());
  return { writes: picks, reads };
}

async function within<Result>(work: Promise<Result>): Promise<Result | "stuck"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"stuck">((resolve) => {
    timer = setTimeout(resolve, stuckMs, "stuck");
  });
  const result = await Promise.race([work, late]);
  clearTimeout(timer);
  return result;
}

const pipes = (count: number, limit = 1) => Array.from({ length: count }, () => new Pipe(limit));
const chunkOf = (value: number) => Uint8Array.of(value % 256, value >> 8);

describe("streams side by side", () => {
  test("Q13: whatever two sides could do on connections of their own they can do through here, in turns of any length", async () => {
    const count = 4;
    await assert(
      asyncProperty(
        array(nat(count - 1), { minLength: 1, maxLength: 40 }),
        array(nat(100), { minLength: 1, maxLength: 20 }),
        integer({ min: 1, max: 8 }),
        async (picks, choices, budget) => {
          const { writes, reads } = orders(picks, choices);
          const [from, to] = [pipes(count), pipes(count)];
          const sent = new Map<number, number[]>();
          const got = new Map<number, number[]>();
          const note = (into: Map<number, number[]>, stream: number, chunk: Uint8Array) =>
            into.set(stream, [...(into.get(stream) ?? []), (chunk[0] ?? 0) + 256 * (chunk[1] ?? 0)]);
          const writing = async () => {
            for (const [number, stream] of writes.entries()) {
              note(sent, stream, chunkOf(number));
              await from[stream]?.write(chunkOf(number));
            }
            for (const pipe of from) pipe.close();
          };
          const reading = async () => {
            for (const stream of reads) note(got, stream, (await to[stream]?.read()) ?? chunkOf(-1));
          };
          const carrying = async () => {
            const carry = new Carry(from);
            while (!carry.allEnded) {
              let left = budget;
              await carry.turn({
                writes: to.map((pipe) => async (chunk: Uint8Array) => await pipe.write(chunk)),
                isOver: () => left <= 0,
                onChunk: () => (left -= 1),
              });
            }
            await carry.settled();
          };
          expect(await within(Promise.all([writing(), reading(), carrying()]))).not.toBe("stuck");
          expect(got).toEqual(sent);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test("N4: a stream that is not taken is not read on, and the others go on and end", async () => {
    const from = pipes(3, 100);
    const taken: number[] = [0, 0, 0];
    for (let number = 0; number < 20; number += 1) for (const pipe of from) await pipe.write(chunkOf(number));
    for (const pipe of from) pipe.close();
    let take = () => undefined as void;
    const blocked = new Promise<void>((resolve) => (take = resolve));
    const carry = new Carry(from);
    let [over, turned] = [false, false];
    const turn = carry.turn({
      writes: from.map((_, stream) => async () => {
        taken[stream] = (taken[stream] ?? 0) + 1;
        if (stream === 1) await blocked;
      }),
      isOver: () => over,
      onChunk: () => undefined,
    });
    void turn.then(() => (turned = true));
    await vi.waitFor(() => expect([from[0]?.ended, from[2]?.ended]).toEqual([true, true]), { interval: 2 });
    expect(taken).toEqual([20, 1, 20]);
    expect(from[1]?.length).toBe(19);
    expect([carry.anyEnded, carry.allEnded, carry.quietMs, turned]).toEqual([true, false, 0, false]);
    over = true;
    expect(await within(turn)).toBeUndefined();
    take();
    await carry.settled();
    expect(taken).toEqual([20, 1, 20]);
  });

  test("what a write throws ends the turn, though another one is never taken", async () => {
    const from = pipes(2);
    for (const pipe of from) await pipe.write(chunkOf(1));
    const carry = new Carry(from);
    const turn = carry.turn({
      writes: [
        async () => await new Promise<void>(() => undefined),
        async () => {
          throw new Error("reset");
        },
      ],
      isOver: () => false,
      onChunk: () => undefined,
    });
    await expect(within(turn)).rejects.toThrow("reset");
  });

  test("B3: one alone is written before its turn ends", async () => {
    const [pipe = new Pipe(1)] = pipes(1);
    await pipe.write(chunkOf(1));
    const carry = new Carry([pipe]);
    let [over, written] = [false, false];
    await carry.turn({
      writes: [
        async () => {
          over = true;
          await Promise.resolve();
          written = true;
        },
      ],
      isOver: () => over,
      onChunk: () => undefined,
    });
    expect(written).toBe(true);
  });
});
