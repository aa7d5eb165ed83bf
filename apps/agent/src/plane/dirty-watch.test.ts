import type { Device } from "@godwit/backend";
import { beforeEach, expect, test } from "vitest";
import type { Clock } from "./clock.ts";
import { DirtyWatch } from "./dirty-watch.ts";

const everyMs = 10_000;

/** Time that passes when a test says so. */
class HandClock implements Clock {
  #nowMs = 0;
  #waiting: { dueMs: number; go: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const aborted = () => reject(signal.reason);
      const go = () => {
        signal.removeEventListener("abort", aborted);
        resolve();
      };
      this.#waiting.push({ dueMs: this.#nowMs + ms, go });
      signal.addEventListener("abort", aborted, { once: true });
    });
  }

  /** Goes from one waiter to the next, each of whom has his turn before time goes on. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#waiting.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.go();
    }
    this.#nowMs = untilMs;
  }

  /** The clock goes on without anybody being called: the host was held up. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

let clock: HandClock;
let watch: DirtyWatch;
beforeEach(() => {
  clock = new HandClock();
  watch = new DirtyWatch(clock);
});

/** Writes at a rate that may change, each byte another one up to so many. */
class Writing implements Device {
  bytesPerSec: number;
  looks = 0;
  failure: Error | undefined;
  #fromMs = 0;
  readonly #mostBytes: number;
  sizeBytes = async () => 0;

  constructor(bytesPerSec: number, mostBytes = Infinity) {
    this.bytesPerSec = bytesPerSec;
    this.#mostBytes = mostBytes;
    this.#fromMs = clock.now();
  }

  async dirtied(reset: boolean): Promise<number> {
    this.looks += 1;
    if (this.failure !== undefined) throw this.failure;
    const bytes = Math.min(this.#mostBytes, ((clock.now() - this.#fromMs) / 1000) * this.bytesPerSec);
    if (reset) this.#fromMs = clock.now();
    return bytes;
  }
}

test("each cycle gives a rate over the whole guest, and the last one its curve: the distinct bytes of growing times", async () => {
  watch.add("g", "ram", new Writing(4_000_000, 10_000_000));
  watch.add("g", "disk", new Writing(1_000_000));
  await clock.pass(everyMs - 1);
  expect(watch.historyOf("g")).toBeUndefined();
  await clock.pass(1);
  await settled();
  expect(watch.historyOf("g")).toEqual({
    everyMs,
    bytesPerSec: [2_000_000],
    curve: [
      { overMs: 250, bytes: 1_250_000 },
      { overMs: 500, bytes: 2_500_000 },
      { overMs: 1_000, bytes: 5_000_000 },
      { overMs: 2_000, bytes: 10_000_000 },
      { overMs: 4_000, bytes: 14_000_000 },
      { overMs: 10_000, bytes: 20_000_000 },
    ],
  });
});

test("the last 60 cycles are kept, the oldest first", async () => {
  const ram = new Writing(0);
  watch.add("g", "ram", ram);
  await settled();
  for (let cycle = 1; cycle <= 65; cycle += 1) {
    ram.bytesPerSec = cycle;
    await clock.pass(everyMs);
  }
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual(Array.from({ length: 60 }, (_, at) => at + 6));
  expect(watch.historyOf("g")?.curve).toHaveLength(6);
});

test("a device that does not count leaves the guest without figures, and nobody is asked for any", async () => {
  const ram = new Writing(1000);
  watch.add("g", "ram", ram);
  watch.add("g", "disk", { sizeBytes: async () => 0 });
  await clock.pass(3 * everyMs);
  expect(watch.historyOf("g")).toBeUndefined();
  expect(ram.looks).toBeLessThanOrEqual(1);
});

test("one that fails takes the figures with it, which begin anew once it counts again", async () => {
  const ram = new Writing(1000);
  watch.add("g", "ram", ram);
  await clock.pass(2 * everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000, 1000]);
  ram.failure = new Error("it is gone");
  await clock.pass(everyMs);
  expect(watch.historyOf("g")).toBeUndefined();
  ram.failure = undefined;
  await clock.pass(2 * everyMs);
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000]);
});

test("a device that is new to the guest makes it another guest; one that is only found again does not", async () => {
  watch.add("g", "ram", new Writing(1000));
  await clock.pass(everyMs);
  await settled();
  watch.add("g", "ram", new Writing(1000));
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000]);
  watch.add("g", "disk", new Writing(500));
  expect(watch.historyOf("g")).toBeUndefined();
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1500]);
});

test("a guest that stops is not asked, keeps what is known, and is watched again when it runs again", async () => {
  const ram = new Writing(1000);
  watch.add("g", "ram", ram);
  await clock.pass(1.5 * everyMs);
  watch.pause("g");
  const { looks } = ram;
  await clock.pass(5 * everyMs);
  expect(ram.looks).toBe(looks);
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000]);
  watch.add("g", "ram", ram);
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000, 1000]);
  watch.forget("g");
  expect(watch.historyOf("g")).toBeUndefined();
  const after = ram.looks;
  await clock.pass(5 * everyMs);
  expect(ram.looks).toBe(after);
});

test("what a guest writes while it is throttled, or over a time that nobody looked, is no part of its history", async () => {
  const ram = new Writing(1000);
  watch.add("g", "ram", ram);
  await clock.pass(everyMs + 3000);
  watch.throttled("g", true);
  ram.bytesPerSec = 10;
  await clock.pass(2 * everyMs);
  watch.throttled("g", false);
  ram.bytesPerSec = 1000;
  await clock.pass(7000);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000]);
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000, 1000]);
  await clock.pass(5000);
  clock.jump(60_000);
  await clock.pass(0);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000, 1000]);
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1000, 1000, 1000]);
});

/** Can be looked at only within windows, as a guest of QEMU's: each takes its time, and one at a time is looked at. */
class Sampled implements Device {
  looks = 0;
  canTell = true;
  readonly #bytesPerSec: number;
  readonly #mostBytes: number;
  sizeBytes = async () => 0;

  constructor(bytesPerSec: number, mostBytes = Infinity) {
    this.#bytesPerSec = bytesPerSec;
    this.#mostBytes = mostBytes;
  }

  async dirtiedWithin(ms: number, signal: AbortSignal): Promise<{ bytes: number; sdBytes: number } | undefined> {
    this.looks += 1;
    if (!this.canTell) return undefined;
    await clock.wait(ms, signal);
    return { bytes: Math.min(this.#mostBytes, (ms / 1000) * this.#bytesPerSec), sdBytes: 3 };
  }
}

test("B8: a device that cannot count is looked at within windows, beside what the others count in them", async () => {
  watch.add("g", "machine", new Sampled(4_000_000, 10_000_000));
  watch.add("g", "disk", new Writing(1_000_000));
  watch.add("g", "files", new Writing(0));
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")).toEqual({
    everyMs,
    bytesPerSec: [3_500_000],
    curve: [
      { overMs: 250, bytes: 1_250_000, sdBytes: 3 },
      { overMs: 1_000, bytes: 5_000_000, sdBytes: 3 },
      { overMs: 2_000, bytes: 10_000_000, sdBytes: 3 },
      { overMs: 4_000, bytes: 14_000_000, sdBytes: 3 },
    ],
  });
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([3_500_000, 3_500_000]);
});

test("B8: a time in which a device cannot tell, as while it migrates, is left out, and what is known stays", async () => {
  const machine = new Sampled(1_000);
  watch.add("g", "machine", machine);
  await clock.pass(everyMs);
  await settled();
  machine.canTell = false;
  const { looks } = machine;
  await clock.pass(3 * everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1_000]);
  // Once a cycle, and not over and over.
  expect(machine.looks - looks).toBeLessThanOrEqual(4);
  machine.canTell = true;
  await clock.pass(2 * everyMs);
  await settled();
  expect(watch.historyOf("g")?.bytesPerSec.length).toBeGreaterThanOrEqual(2);
});

test("B8: what others count until a device has answered is of the window that it was asked for", async () => {
  const machine = new Sampled(0);
  machine.dirtiedWithin = async (ms, signal) => {
    await clock.wait(1.25 * ms, signal);
    return { bytes: 0, sdBytes: 3 };
  };
  watch.add("g", "machine", machine);
  watch.add("g", "disk", new Writing(1_000_000));
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.curve.map(({ overMs, bytes }) => [overMs, bytes])).toEqual([
    [250, 250_000],
    [1_000, 1_000_000],
    [2_000, 2_000_000],
    [4_000, 4_000_000],
  ]);
  expect(watch.historyOf("g")?.bytesPerSec).toEqual([1_000_000]);
});

test("B8: a sample that has seen less in the longer of two windows does not make the curve fall", async () => {
  const machine = new Sampled(0);
  machine.dirtiedWithin = async (ms, signal) => {
    await clock.wait(ms, signal);
    return { bytes: ms === 1_000 ? 500 : 400, sdBytes: 30 };
  };
  watch.add("g", "machine", machine);
  await clock.pass(everyMs);
  await settled();
  expect(watch.historyOf("g")?.curve.map(({ bytes }) => bytes)).toEqual([400, 500, 500, 500]);
});

test("closing ends every watch", async () => {
  const devices = ["a", "b"].map((guestId) => {
    const ram = new Writing(1000);
    watch.add(guestId, "ram", ram);
    return ram;
  });
  await clock.pass(everyMs);
  watch.close();
  const looks = devices.map((each) => each.looks);
  await clock.pass(5 * everyMs);
  expect(devices.map((each) => each.looks)).toEqual(looks);
});
