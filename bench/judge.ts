import {
  consider,
  type Consideration,
  considerationAtStart,
  type DeviceObservation,
  judge,
  type Observation,
  plainPolicy,
  type Policy,
} from "@godwit/core";
import { type BenchRow, median } from "./row.ts";

const devices = 16;
const [warmUp, reports, long] = [2_000, 4_000, 40_000];
const everyMs = 100;
const bytesPerSec = 1_000_000_000;
const dirtyBytes = 600_000_000;

const policy: Policy = {
  ...plainPolicy,
  downtimeLimitMs: 300,
  deadlineMs: 1e9,
  patience: "untilDeadline",
  linkBytesPerSec: 1_250_000_000,
  sizeBytes: 8_000_000_000,
  reportEveryMs: everyMs,
};

/** C8: what one report costs a guest with 16 devices, and what is remembered of a long run; against reading the report's own text. */
export async function benchJudge(): Promise<BenchRow[]> {
  await Promise.resolve();
  const warm = rememberAfter(warmUp);
  const taken: Record<"judging" | "exact" | "acting" | "reading", number[]> = {
    judging: [],
    exact: [],
    acting: [],
    reading: [],
  };
  let { state } = warm;
  for (let index = warmUp; index < warmUp + reports; index += 1) {
    const observation = reportOf(index);
    const text = JSON.stringify(observation);
    taken.reading.push(microseconds(() => JSON.parse(text)));
    const { convergence } = state;
    const judging = observation.exact === undefined ? taken.judging : taken.exact;
    judging.push(microseconds(() => judge(convergence, observation, policy)));
    taken.acting.push(microseconds(() => ({ state } = consider(state, observation, policy))));
  }
  const after = rememberAfter(long).bytes;
  const reading = median(taken.reading);
  const row = (name: string, values: number[], goal?: string): BenchRow => ({
    name: `${name}, ${devices} devices`,
    figure: `${median(values).toFixed(1)} us`,
    reference: `reading the report's JSON: ${reading.toFixed(1)} us`,
    ratio: median(values) / reading,
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    row("judge one report", taken.judging, "< 50 us"),
    row("judge exact figures", taken.exact, "< 50 us"),
    row("judge one report and act on it", taken.acting),
    {
      name: `what is remembered after ${long} reports`,
      figure: `${after} bytes of JSON`,
      reference: `after ${warmUp} reports: ${warm.bytes} bytes`,
      ratio: after / warm.bytes,
      goal: "<= 1.1",
    },
  ];
}

function rememberAfter(count: number): { state: Consideration; bytes: number } {
  let state = considerationAtStart;
  let most = 0;
  for (let index = 0; index < count; index += 1) {
    ({ state } = consider(state, reportOf(index), policy));
    // The most of the last stretch: windows fill and empty.
    if (index > count - 1_000 && index % 10 === 0) most = Math.max(most, JSON.stringify(state).length);
  }
  return { state, bytes: most };
}

/** A guest that settles above its limit, the case that every rule looks at; every tenth report is exact. */
function reportOf(index: number): Observation {
  const atMs = index * everyMs;
  const sent = (atMs / 1000) * bytesPerSec;
  const wave = 1 + 0.2 * Math.sin(index / 7);
  const all = Array.from({ length: devices }, (_, device): DeviceObservation => {
    const share = device === 0 ? 0.7 : 0.3 / (devices - 1);
    return {
      name: `device-${device}`,
      rounds: Math.floor(index / 10),
      sentBytes: Math.round(share * sent),
      pending: {
        initialBytes: 0,
        precopyBytes: Math.round(share * dirtyBytes * wave),
        stopcopyBytes: device === 0 ? 0 : 100_000,
        fixedMs: 5 + device,
        saveMs: 1,
      },
    };
  });
  const exact = index % 10 === 9 ? { syncMs: 3, agoMs: 1 } : undefined;
  return { atMs, wireBytes: sent, busyMs: atMs, rttMs: 0.3, devices: all, exact };
}

function microseconds(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return (performance.now() - startedMs) * 1000;
}
