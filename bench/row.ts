/** One figure, held against a reference that was measured in the same run. */
export interface BenchRow {
  name: string;
  figure: string;
  reference: string;
  ratio: number;
  goal?: string;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function printRows(rows: BenchRow[]): void {
  console.table(rows.map(({ ratio, ...row }) => ({ ...row, ratio: Number(ratio.toPrecision(3)) })));
}
