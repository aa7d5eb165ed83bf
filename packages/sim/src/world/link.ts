import { cellSec, valueAt } from "../series.ts";

/** Nothing is looked up further ahead than this: a link that takes longer is taken to stay as it is then. */
const horizonSec = 120;

/** What the link can carry at each moment, the future included. */
export class Link {
  readonly #bytesPerSec: Float32Array;
  #carried: Float64Array | undefined;

  constructor(bytesPerSec: Float32Array) {
    this.#bytesPerSec = bytesPerSec;
  }

  at(sec: number): number {
    return valueAt(this.#bytesPerSec, sec);
  }

  /** How many seconds `bytes` take from `fromSec` on: the smallest T with ∫ bandwidth over T = bytes. */
  secondsFor(bytes: number, fromSec: number): number {
    const startBytes = this.#carriedUntil(fromSec);
    const goalBytes = startBytes + bytes;
    // Less than what a sum of this size can tell apart is nothing.
    if (goalBytes <= startBytes) return 0;
    const untilSec = fromSec + horizonSec;
    const atHorizonBytes = this.#carriedUntil(untilSec);
    if (atHorizonBytes < goalBytes) return horizonSec + (goalBytes - atHorizonBytes) / Math.max(1, this.at(untilSec));
    const cell = this.#cellOf(goalBytes, cellAt(fromSec), cellAt(untilSec));
    return cell * cellSec + (goalBytes - this.#carriedAt(cell)) / this.#inCell(cell) - fromSec;
  }

  /** The last cell, from `first` to `last`, at whose beginning no more than `goalBytes` had been carried. */
  #cellOf(goalBytes: number, first: number, last: number): number {
    let [low, width] = [first, 1];
    while (low + width <= last && this.#carriedAt(low + width) < goalBytes) {
      low += width;
      width *= 2;
    }
    let high = Math.min(low + width, last + 1);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#carriedAt(middle) < goalBytes) low = middle;
      else high = middle;
    }
    return low;
  }

  #carriedUntil(sec: number): number {
    const cell = cellAt(sec);
    return this.#carriedAt(cell) + (sec - cell * cellSec) * this.#inCell(cell);
  }

  #carriedAt(cell: number): number {
    const carried = (this.#carried ??= carriedBy(this.#bytesPerSec));
    const last = carried.length - 1;
    const beyondSec = Math.max(0, cell - last) * cellSec;
    return (carried[Math.min(cell, last)] ?? 0) + beyondSec * this.#inCell(last);
  }

  /** Bytes/s in a cell; after the end of the series, its last value. */
  #inCell(cell: number): number {
    return this.#bytesPerSec[Math.min(cell, this.#bytesPerSec.length - 1)] ?? 0;
  }
}

function cellAt(sec: number): number {
  return Math.floor(sec / cellSec + 1e-9);
}

/** Bytes carried from the start to the beginning of each cell, for the links that are in use: several rules try the same one. */
const carriedByLink = new WeakMap<Float32Array, Float64Array>();

function carriedBy(bytesPerSec: Float32Array): Float64Array {
  const known = carriedByLink.get(bytesPerSec);
  if (known !== undefined) return known;
  const carried = new Float64Array(bytesPerSec.length + 1);
  let sum = 0;
  for (let cell = 0; cell < bytesPerSec.length; cell++) {
    sum += (bytesPerSec[cell] ?? 0) * cellSec;
    carried[cell + 1] = sum;
  }
  carriedByLink.set(bytesPerSec, carried);
  return carried;
}
