/**
 * What a migration comes to, from differences between answers of `query-migrate`. QEMU's own rates are of no use for a decision: the
 * throughput stays what it was while the stream stalls, and the dirty rate is 0 during the first pass.
 */
import type { MigrationAnswer } from "./migration-answer.ts";

/** An answer, and when it was had, on a clock that only goes forward. */
export interface Sample {
  atMs: number;
  answer: MigrationAnswer;
}

export interface PassFigures {
  /** The number of the last pass in it. */
  pass: number;
  /** More than one where passes went by between two samples. */
  passes: number;
  durationMs: number;
  sentBytes: number;
  /** Found dirty at its end, each page once. */
  dirtiedBytes: number;
  /** `undefined` where it took no time that could be measured. */
  sentBytesPerSec: number | undefined;
  dirtiedBytesPerSec: number | undefined;
  /** Of memory, at its end. */
  remainingBytes: number;
}

/** What is kept between samples: plain data. */
export interface Figures {
  /** The first sample since QEMU looked last which pages are dirty. */
  passBegan: Sample | undefined;
  latest: Sample | undefined;
  lastPass: PassFigures | undefined;
  /** Over a few seconds: a single look may find everything or nothing of a guest that writes in bursts, as a throttled one does. */
  steadyDirtiedBytesPerSec: number | undefined;
}

/** After so long, what was counts a third. */
const steadyMs = 2_000;

/**
 * Where it is in its passes. QEMU may look in the middle of one, and with a guest that writes faster than it sends it never comes to an
 * end by itself: a pass is over once as much was dealt with as was left at its beginning.
 */
export interface Passes {
  /** The first is 1. */
  number: number;
  /** How often QEMU had looked when it began: it ends with a look, too. */
  looks: number;
  /** Dealt with, and left, when it began. */
  settledBytes: number;
  leftBytes: number;
}

export const noPasses: Passes = { number: 0, looks: 0, settledBytes: 0, leftBytes: 0 };

export function follow(passes: Passes, answer: MigrationAnswer): Passes {
  const { passes: looks, settledBytes, remainingRamBytes } = answer;
  if (looks === passes.looks || settledBytes - passes.settledBytes < passes.leftBytes) return passes;
  return { number: passes.number + 1, looks, settledBytes, leftBytes: remainingRamBytes };
}

export const noFigures: Figures = {
  passBegan: undefined,
  latest: undefined,
  lastPass: undefined,
  steadyDirtiedBytesPerSec: undefined,
};

/**
 * Takes in an answer. They are exact where one is had at each event MIGRATION_PASS; between passes further ones do no harm, and a pass
 * that was missed is told together with the next.
 */
export function take(figures: Figures, sample: Sample): Figures {
  const { passBegan } = figures;
  const between = { ...figures, latest: sample };
  if (sample.answer.passes === 0) return between;
  if (passBegan === undefined) return { ...between, passBegan: sample };
  if (sample.answer.passes === passBegan.answer.passes) return between;
  const lastPass = passFrom(passBegan, sample);
  const steadyDirtiedBytesPerSec = steadied(figures.steadyDirtiedBytesPerSec, lastPass);
  return { ...between, passBegan: sample, lastPass, steadyDirtiedBytesPerSec };
}

/** What the guest will have written since QEMU's last look, as it writes; QEMU knows nothing of that yet. */
export function writtenSince({ steadyDirtiedBytesPerSec = 0, passBegan, latest }: Figures): number {
  return (steadyDirtiedBytesPerSec * ((latest?.atMs ?? 0) - (passBegan?.atMs ?? 0))) / 1000;
}

function steadied(before: number | undefined, { dirtiedBytesPerSec, durationMs }: PassFigures): number | undefined {
  if (before === undefined || dirtiedBytesPerSec === undefined) return before ?? dirtiedBytesPerSec;
  return before + (1 - Math.exp(-durationMs / steadyMs)) * (dirtiedBytesPerSec - before);
}

function passFrom(began: Sample, ended: Sample): PassFigures {
  const durationMs = ended.atMs - began.atMs;
  const sentBytes = ended.answer.sentBytes - began.answer.sentBytes;
  const settledBytes = ended.answer.settledBytes - began.answer.settledBytes;
  // The answer comes a moment after the look, so that a little more may have been dealt with than was left.
  const left = Math.max(0, began.answer.remainingRamBytes - settledBytes);
  const dirtiedBytes = Math.max(0, ended.answer.remainingRamBytes - left);
  return {
    // The first look is before the first pass.
    pass: ended.answer.passes - 1,
    passes: ended.answer.passes - began.answer.passes,
    durationMs,
    sentBytes,
    dirtiedBytes,
    sentBytesPerSec: perSec(sentBytes, durationMs),
    dirtiedBytesPerSec: perSec(dirtiedBytes, durationMs),
    remainingBytes: ended.answer.remainingRamBytes,
  };
}

function perSec(bytes: number, ms: number): number | undefined {
  return ms > 0 ? (Math.max(0, bytes) * 1000) / ms : undefined;
}
