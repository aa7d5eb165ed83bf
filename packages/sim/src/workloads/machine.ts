import { GiB } from "../bytes.ts";
import type { Random } from "../random.ts";
import type { Costs } from "../scenario.ts";
import { cellSec, noise, series } from "../series.ts";

/** The host pair, its link, the guest's size and what is asked for, before any workload is put on it. */
export interface Machine {
  ramBytes: number;
  limitMs: number;
  deadlineSec: number;
  linkBytesPerSec: number;
  meanBytesPerSec: number;
  /** Bytes/s in each cell, at least until 130 s after the deadline: a switchover may begin at the last moment. */
  link: Float32Array;
  capBytesPerSec: number | undefined;
  parallelLoad: boolean;
  syncMs: number;
  zeroBytes: number;
  zeroAfterShare: number;
  scanBytesPerSec: number;
  costs: Costs;
}

/** A machine of a given size instead of a drawn one. */
export interface Size {
  gbitPerSec: number;
  ramGiB: number;
}

/**
 * A link of 1, 10, 25 or 100 Gb/s of which 60 to 95 % is free, with noise of 2 to 12 %; RAM to match; a limit of 0.1 to 2 s; a
 * deadline of 600 to 3600 s: 150 s a GiB, but no more than 40 first passes. An exact query costs 1 ms and 0.3 ms ± 20 % a GiB. One
 * link in twenty is a wide-area one. The order of the draws is part of the seed.
 */
export function drawMachine(random: Random, size?: Size): Machine {
  const gbitPerSec = size?.gbitPerSec ?? random.pickWeighted(linkSpeeds);
  const linkBytesPerSec = (gbitPerSec * 1e9) / 8;
  const meanBytesPerSec = linkBytesPerSec * random.between(0.6, 0.95);
  const ramGiB = size?.ramGiB ?? drawRamGiB(random, gbitPerSec);
  const ramBytes = ramGiB * GiB;
  const limitMs = random.pickWeighted(limits);
  const deadlineSec = Math.min(3600, Math.max(600, 150 * ramGiB), Math.max(600, (40 * ramBytes) / meanBytesPerSec));
  const linkNoise = noise(random, random.between(0.02, 0.12), random.between(0.5, 4));
  const link = series(Math.ceil((deadlineSec + 130) / cellSec), () =>
    Math.min(linkBytesPerSec, meanBytesPerSec * linkNoise()),
  );
  const costs = drawCosts(random);
  return {
    ramBytes,
    limitMs,
    deadlineSec,
    linkBytesPerSec,
    meanBytesPerSec,
    link,
    capBytesPerSec: undefined,
    costs,
    syncMs: 1 + 0.3 * ramGiB * random.logNormal(0.2),
    zeroBytes: ramBytes * random.between(0, 0.3),
    zeroAfterShare: random.between(0.2, 0.9),
    scanBytesPerSec: random.between(4e9, 12e9),
    parallelLoad: random.chance(0.7),
  };
}

/** Gb/s. */
const linkSpeeds = [
  [1, 0.2],
  [10, 0.4],
  [25, 0.25],
  [100, 0.15],
] as const;

/** Ms. */
const limits = [
  [100, 0.1],
  [300, 0.4],
  [500, 0.25],
  [1000, 0.15],
  [2000, 0.1],
] as const;

function drawRamGiB(random: Random, gbitPerSec: number): number {
  if (gbitPerSec === 1) return random.logBetween(2, 32);
  return gbitPerSec === 100 ? random.logBetween(64, 2048) : random.logBetween(4, 256);
}

function drawCosts(random: Random): Costs {
  const isWideArea = random.chance(0.05);
  return {
    stopMs: random.between(3, 25),
    resumeMs: random.between(5, 30),
    rttMs: isWideArea ? random.between(5, 25) : random.between(0.1, 1),
    finalSyncFactor: random.between(0.9, 1.1),
  };
}
