/**
 * Sorts by one number after the other that items have, the least first, and where all are equal by `tie`. Many thousands are sorted in every
 * plan: numbers that lie side by side are compared several times as fast as what is looked up in objects.
 */
export function sortedBy<Item>(
  items: readonly Item[],
  keys: readonly ((item: Item) => number)[],
  tie: (a: Item, b: Item) => number,
): Item[] {
  const columns = keys.flatMap((key) => columnOf(items, key) ?? []);
  const places = Uint32Array.from({ length: items.length }, (_, place) => place).toSorted((a, b) => {
    for (const column of columns) {
      const [one = 0, other = 0] = [column[a], column[b]];
      if (one !== other) return one < other ? -1 : 1;
    }
    const [one, other] = [items[a], items[b]];
    return one === undefined || other === undefined ? 0 : tie(one, other);
  });
  return Array.from(places, (place) => items[place]).filter((item) => item !== undefined);
}

/** Undefined where it tells no two apart. */
function columnOf<Item>(items: readonly Item[], key: (item: Item) => number): Float64Array | undefined {
  const column = new Float64Array(items.length);
  let differs = false;
  for (const [place, item] of items.entries()) {
    const value = key(item);
    column[place] = value;
    differs ||= value !== column[0];
  }
  return differs ? column : undefined;
}
