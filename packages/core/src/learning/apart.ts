/** What one of several took that can be measured only together, as it was expected, in ms. */
export interface Expected {
  name: string;
  expectedMs: number;
}

/**
 * What each most likely took of a time that they took together: each is equally uncertain in relation to what was expected of it, so that
 * what came otherwise than expected is the larger one's by the square of how much larger it is. So a device that hardly counted learns
 * hardly anything, and over times in which now one and now the other is the larger each finds its own.
 */
export function apart(parts: readonly Expected[], togetherMs: number): { name: string; actualMs: number }[] {
  const expected = parts.reduce((sum, { expectedMs }) => sum + expectedMs, 0);
  const squares = parts.reduce((sum, { expectedMs }) => sum + expectedMs ** 2, 0);
  return parts.map(({ name, expectedMs }) => {
    const share = squares === 0 ? 0 : expectedMs ** 2 / squares;
    return { name, actualMs: Math.max(0, expectedMs + share * (togetherMs - expected)) };
  });
}
