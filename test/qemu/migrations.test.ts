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
    const seen = new Set<number>();
    const tookMs: number[] = [];
    const stoppedMs: number[] = [];
    let lastFile = 0;
    // Listened to until it has moved: what it says between two consoles would be in a log that goes with its folder.
    let here = await machines.console(guest, "alpha");
    for (let journey = 0; journey < journeys; journey += 1) {
      const to = journey % 2 === 0 ? "beta" : "alpha";
      const from = performance.now();
      const { phase, reason, downtimeMs = Infinity } = await machines.migrate(guest, to);
      expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
      tookMs.push(performance.now() - from);
      stoppedMs.push(downtimeMs);
      const there = await machines.console(guest, to);
      const next = await there.more(1);
      expect(next.file).toBeGreaterThan(lastFile);
      lastFile = next.file;
      // What was said there before anybody listened is in its log.
      for (const { n } of [...here.beats, ...(await machines.logged(guest, to, here.begun))]) seen.add(n);
      here[Symbol.dispose]();
      here = there;
    }
    const last = await here.more(3);
    here[Symbol.dispose]();
    expect(last).toMatchObject({ errors: 0, bad: 0 });
    for (const { n } of here.beats) seen.add(n);
    expect(gapsIn(seen)).toEqual([]);
    expect(Number(await readFile(join(share, "counter"), "utf8"))).toBeGreaterThanOrEqual(last.file);
    const report = [
      `${journeys} migrations over streams: ${streams}, ${seen.size} heartbeats and ${last.file} writes without a gap`,
      `from the order to the end ${figuresOf(tookMs)}`,
      `stopped for ${figuresOf(stoppedMs)}`,
    ];
    console.log(report.join("; "));
  },
);

/** What is missing between the first and the last. */
function gapsIn(seen: ReadonlySet<number>): number[] {
  const [first, last] = [Math.min(...seen), Math.max(...seen)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((n) => !seen.has(n));
}

function figuresOf(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return `${at(0.5)} ms in the median, ${at(0)} to ${at(1)} ms`;
}
