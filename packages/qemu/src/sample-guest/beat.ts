/** A heartbeat of the sample guest, ten times a second. */
export interface Beat {
  n: number;
  /** Since its start, on the guest's clock. */
  ms: number;
  /** The counter that has got through the open file and back. */
  file: number;
  /** How often that failed. */
  errors: number;
  /** Over the memory that it rewrites, and pages of it. */
  passes: number;
  pages: number;
  /** Pages that did not hold what was written there last. */
  bad: number;
}

const pattern = /^beat n=(\d+) ms=(\d+) file=(\d+) errors=(\d+) passes=(\d+) pages=(\d+) bad=(\d+)/;

/** What a whole line of the guest's console says, where it is a heartbeat. */
export function beatIn(line: string): Beat | undefined {
  const [n, ms, file, errors, passes, pages, bad] = (pattern.exec(line) ?? []).slice(1).map(Number);
  if (n === undefined || ms === undefined || file === undefined || errors === undefined) return undefined;
  if (passes === undefined || pages === undefined || bad === undefined) return undefined;
  return { n, ms, file, errors, passes, pages, bad };
}

/** What has not come between the first and the last. */
export function gapsIn(seen: ReadonlySet<number>): number[] {
  if (seen.size === 0) return [];
  const numbers = [...seen].toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((n) => !seen.has(n));
}
