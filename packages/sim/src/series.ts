import type { Random } from "./random.ts";

/** Length in seconds of one cell of a series: what the link carries and how busy the guest is are constant within a cell. */
export const cellSec = 0.1;

/** `cells` values over time; `draw` is called once per cell, in order, with the second at which the cell begins. */
export function series(cells: number, draw: (sec: number) => number): Float32Array {
  const values = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) values[cell] = draw(cell * cellSec);
  return values;
}

/** The value at a second; after its end a series keeps its last value. */
export function valueAt(values: Float32Array, sec: number): number {
  return values[Math.min(Math.trunc(sec / cellSec), values.length - 1)] ?? 0;
}

/**
 * Multiplicative noise with mean 1, one value a cell: exp(x - sigma² / 2), where x is a first-order autoregression with standard
 * deviation sigma and correlation exp(-t / tau).
 */
export function noise(random: Random, sigma: number, tauSec: number): () => number {
  const kept = Math.exp(-cellSec / tauSec);
  const added = sigma * Math.sqrt(1 - kept * kept);
  let x = sigma * random.normal();
  return () => {
    x = kept * x + added * random.normal();
    return Math.exp(x - (sigma * sigma) / 2);
  };
}
