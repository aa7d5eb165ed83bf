/**
 * The places 0 to `length` in the order of one column of numbers after the other, the least first, and where all are equal by `tie`. Many
 * thousands are ordered in every plan: numbers that lie side by side are compared several times as fast as what is looked up in objects.
 */
export function sortedPlaces(
  length: number,
  columns: readonly Float64Array[],
  tie: (a: number, b: number) => number,
): Uint32Array {
  const telling = columns.filter((column) => column.some((value) => value !== column[0]));
  return Uint32Array.from({ length }, (_, place) => place).toSorted((a, b) => {
    for (const column of telling) {
      const [one, other] = [column[a] ?? 0, column[b] ?? 0];
      if (one !== other) return one < other ? -1 : 1;
    }
    return tie(a, b);
  });
}

/** Puts the places from `from` to `to` into the order of their ranks, whole numbers that are not many more than they; equal ones stay as they lie. */
export function rank(places: Uint32Array, ranks: Uint32Array, from: number, to: number): void {
  const ranksOf = ranks.subarray(from, to);
  if (ranksOf.every((value, at) => at === 0 || (ranksOf[at - 1] ?? 0) <= value)) return;
  const least = ranksOf.reduce((low, value) => Math.min(low, value), Infinity);
  const most = ranksOf.reduce((high, value) => Math.max(high, value), 0);
  /** Where the next one of each rank goes. */
  const next = new Uint32Array(most - least + 2);
  for (const value of ranksOf) next[value - least + 1] = (next[value - least + 1] ?? 0) + 1;
  for (let value = 1; value < next.length; value += 1) next[value] = (next[value] ?? 0) + (next[value - 1] ?? 0);
  const former = places.slice(from, to);
  for (const [at, place] of former.entries()) {
    const slot = (ranksOf[at] ?? 0) - least;
    const ahead = next[slot] ?? 0;
    places[from + ahead] = place;
    next[slot] = ahead + 1;
  }
}
