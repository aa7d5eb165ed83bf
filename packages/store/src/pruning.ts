/**
 * Removes part after part, each in a statement of its own so that none runs for long, until one finds nothing more; returns
 * how many rows went. For what does not grow meanwhile: what is older than a fixed instant.
 */
export async function removeInParts(removePart: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const removed = await removePart();
    if (removed === 0) return total;
    total += removed;
  }
}
