import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start();
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose]());

test.for([
  { journeys: 40, streams: 1 },
  { journeys: 12, streams: 4 },
])(
  "Q4, Q5, Q13: a guest goes back and forth $journeys times over streams: $streams, and neither a heartbeat nor what it writes through its open file has a gap",
  { timeout: 900_000 },
  async ({ journeys, streams }, context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const name = `commuter-${streams}`;
    const share = await machines.guests.share(name);
    const guest = await machines.create(name, "alpha", { share, machine: { streams } });
    const tookMs: number[] = [];
    const stoppedMs: number[] = [];
    using heartbeats = await machines.heartbeats(guest, "alpha");
    for (let journey = 0; journey < journeys; journey += 1) {
      const to = journey % 2 === 0 ? "beta" : "alpha";
      const { file } = heartbeats.console.beats.at(-1) ?? { file: 0 };
      const from = performance.now();
      const { phase, reason, downtimeMs = Infinity } = await machines.migrate(guest, to);
      expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
      tookMs.push(performance.now() - from);
      stoppedMs.push(downtimeMs);
      await heartbeats.moved(machines.folderOf(guest, to));
      expect((await heartbeats.console.more(1)).file).toBeGreaterThan(file);
    }
    const { count, gaps, last } = await heartbeats.summary();
    expect(last).toMatchObject({ errors: 0, bad: 0 });
    expect(gaps).toEqual([]);
    expect(Number(await readFile(join(share, "counter"), "utf8"))).toBeGreaterThanOrEqual(last.file);
    const report = [
      `${journeys} migrations over streams: ${streams}, ${count} heartbeats and ${last.file} writes without a gap`,
      `from the order to the end ${figuresOf(tookMs)}`,
      `stopped for ${figuresOf(stoppedMs)}`,
    ];
    console.log(report.join("; "));
  },
);

function figuresOf(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return `${at(0.5)} ms in the median, ${at(0)} to ${at(1)} ms`;
}
