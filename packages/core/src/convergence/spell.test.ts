import { expect, test } from "vitest";
import { excusedUntilMs, type Spell, withSpell } from "./spell.ts";

/** One report a second, degraded in the seconds that are named. */
function after(seconds: number, isDegraded: (second: number) => boolean): Spell | undefined {
  let spell: Spell | undefined;
  for (let second = 0; second <= seconds; second += 1) spell = withSpell(spell, isDegraded(second), second * 1_000);
  return spell;
}

test("C5: a time in which the link gave too little counts for nothing, and is over when it is", () => {
  expect(excusedUntilMs(after(100, () => false))).toBe(-Infinity);
  expect(excusedUntilMs(after(25, (second) => second >= 10))).toBe(25_000);
  expect(excusedUntilMs(after(50, (second) => second >= 10 && second <= 30))).toBe(30_000);
});

test("C5: from a minute on figures count again, also where the link comes and goes", () => {
  expect(excusedUntilMs(after(300, (second) => second >= 10))).toBe(70_000);
  expect(excusedUntilMs(after(300, (second) => second >= 20 && second % 20 < 10))).toBe(80_000);
  expect(excusedUntilMs(after(300, (second) => (second >= 10 && second < 90) || second >= 200))).toBe(260_000);
});
