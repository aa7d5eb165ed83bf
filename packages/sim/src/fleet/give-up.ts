import { GiB } from "../bytes.ts";
import type { Flow } from "./flow.ts";

/** When a migration under way is given up. */
export interface Patience {
  /** So long after its start, and so long for each GiB of its RAM, whichever is less. */
  atMostSec?: number;
  secPerGiB: number;
  /** When what is left has ceased to shrink, and would not fit at the best bandwidth of its path either. */
  atPlateau: boolean;
}

/** A plateau is looked for over three quarters of a first pass, but at least and at most so long. */
const [windowOfPass, leastSec, mostSec] = [0.75, 8, 60];
/** Since the beginning of the window less than 3 % have come off. */
const ceasesAt = 0.97;
/** A path may give a little more than it is said to. */
const doubt = 1.05;
/** With all of its path, one that would just fit is waited for so many windows. */
const marginalWindows = 3;

/** What is left of one migration, once a second since its first pass; says when to give it up. */
export class GiveUp {
  readonly #patience: Patience;
  readonly #levels: number[] = [];
  #nextSec = 0;
  #plateauSec = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  look(flow: Flow, atSec: number, topBytesPerSec: number): "timeout" | "plateau" | undefined {
    const sinceSec = atSec - flow.startedAtSec;
    const { atMostSec = Infinity, secPerGiB, atPlateau } = this.#patience;
    if (sinceSec > Math.min(atMostSec, (secPerGiB * flow.guest.ramBytes) / GiB)) return "timeout";
    if (!atPlateau || flow.firstPassSec === undefined || atSec < this.#nextSec) return undefined;
    this.#nextSec = atSec + 1;
    this.#levels.push(flow.dirtyBytes);
    const window = Math.round(Math.min(mostSec, Math.max(leastSec, windowOfPass * flow.firstPassSec)));
    if (this.#levels.length <= window) return undefined;
    this.#levels.shift();
    const quarter = Math.max(1, Math.round(window / 4));
    const [first, last] = [mean(this.#levels.slice(0, quarter)), mean(this.#levels.slice(-quarter))];
    this.#plateauSec = last > ceasesAt * first ? this.#plateauSec + 1 : 0;
    if (this.#plateauSec === 0) return undefined;
    const fits = flow.downtimeAt(doubt * topBytesPerSec, last) <= flow.guest.limitMs;
    const hasAll = flow.bytesPerSec >= topBytesPerSec / doubt;
    return !fits || (hasAll && this.#plateauSec > marginalWindows * window) ? "plateau" : undefined;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
