/**
 * `npm run bench:qemu`: a real guest that migrates through Godwit, held against QEMU alone over TCP in the same run. Needs what
 * `scripts/install-qemu` fetches.
 */
import { loadavg } from "node:os";
import { findTestGuest } from "../../test/support/test-guest.ts";
import { type BenchRow, median, printRows } from "../row.ts";
import { Commuter } from "./commuter.ts";
import { Lone } from "./lone.ts";
import { Pair } from "./pair.ts";
import type { Journey } from "./journey.ts";

const rounds = 5;
const kinds = [
  { streams: 1, name: "one stream" },
  { streams: 4, name: "4 streams beside the one" },
];

const found = findTestGuest();
if (found.missing === undefined) printRows(await benchQemu());
else {
  console.error(`${found.missing}; scripts/install-qemu fetches them`);
  process.exitCode = 2;
}

/** Both go in alternation, so that what else the machine does falls on both; the median of the ratios counts. */
async function benchQemu(): Promise<BenchRow[]> {
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (interrupted = true));
  await using pair = await Pair.start();
  const rows: BenchRow[] = [];
  for (const { streams, name } of kinds) {
    await using commuter = await Commuter.start(pair, streams);
    await using lone = await Lone.start(pair, streams);
    const [through, alone]: [Journey[], Journey[]] = [[], []];
    for (let round = 0; round <= rounds; round += 1) {
      console.error(`${name}, round ${round === 0 ? "to warm up" : `${round} of ${rounds}`} …`);
      const both = [await commuter.travel(), await lone.travel()] as const;
      console.error(both.map(described).join("; "));
      // Guests outlive whoever has moved them, and are not to be left.
      if (interrupted) throw new Error("interrupted");
      if (round === 0) continue;
      through.push(both[0]);
      alone.push(both[1]);
    }
    rows.push(...rowsOf(name, through, alone));
  }
  return rows;
}

function rowsOf(name: string, through: Journey[], alone: Journey[]): BenchRow[] {
  const ratio = (of: (journey: Journey) => number) =>
    median(through.flatMap((journey, index) => of(journey) / of(alone[index] ?? journey)));
  const speed = (journeys: Journey[]) => `${median(journeys.map(bytesPerSec)).toFixed(0)} MB/s`;
  const cpu = (journeys: Journey[]) => `${median(journeys.map(secPerGib)).toFixed(2)} s/GiB`;
  const stopped = (journeys: Journey[]) =>
    `${median(journeys.map(({ stoppedMs }) => stoppedMs)).toFixed(0)} ms, ${kibOf(journeys)} KiB after the stop`;
  const reference = (figure: string) => `QEMU alone: ${figure}`;
  const load = `load ${loadavg()[0]?.toFixed(1)}`;
  return [
    {
      name: `throughput, ${name}, ${load}`,
      figure: `${speed(through)} of ${mibOf(through)} MiB`,
      reference: reference(speed(alone)),
      ratio: ratio(bytesPerSec),
      goal: ">= 0.8",
    },
    {
      name: `processor time, ${name}, ${load}`,
      figure: `${cpu(through)} of both agents`,
      reference: reference(`${cpu(alone)} of both`),
      ratio: ratio(secPerGib),
    },
    {
      name: `downtime, ${name}, ${load}`,
      figure: stopped(through),
      reference: reference(stopped(alone)),
      ratio: ratio(({ stoppedMs }) => stoppedMs),
    },
  ];
}

function described(journey: Journey): string {
  const { stoppedMs } = journey;
  return `${bytesPerSec(journey).toFixed(0)} MB/s, ${secPerGib(journey).toFixed(2)} s/GiB, stopped for ${stoppedMs.toFixed(0)} ms`;
}

function bytesPerSec({ passBytes, passMs }: Journey): number {
  return passBytes / passMs / 1_000;
}

/** Of processor time. On a machine that is busy with other things as well it says more than the throughput does. */
function secPerGib({ cpuMs, passBytes }: Journey): number {
  return (cpuMs / 1000 / passBytes) * 1024 ** 3;
}

function mibOf(journeys: Journey[]): string {
  return (median(journeys.map(({ passBytes }) => passBytes)) / 1024 ** 2).toFixed(0);
}

function kibOf(journeys: Journey[]): string {
  return (median(journeys.map(({ stoppedBytes }) => stoppedBytes)) / 1024).toFixed(0);
}
