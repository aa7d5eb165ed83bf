/**
 * C5: a time in which the path gave too little. What is dirty rises meanwhile, also over the best bandwidth of the last minute: that
 * says nothing of the guest. A path that goes on giving too little is what it is: from a minute on the figures count again.
 */
export interface Spell {
  fromMs: number;
  toMs: number;
}

/** Shorter gaps do not begin a new one: a path that comes and goes would otherwise be waited for without end. */
const joinedMs = 30_000;
const excusedMs = 60_000;

export function withSpell(before: Spell | undefined, isDegraded: boolean, nowMs: number): Spell | undefined {
  if (!isDegraded) return before;
  const goesOn = before !== undefined && nowMs - before.toMs <= joinedMs;
  return { fromMs: goesOn ? before.fromMs : nowMs, toMs: nowMs };
}

/** What came before that counts neither for nor against the guest. */
export function excusedUntilMs(spell: Spell | undefined): number {
  return spell === undefined ? -Infinity : Math.min(spell.toMs, spell.fromMs + excusedMs);
}
