import type { Check, Needs, Objection } from "./backend.ts";

/** A check that says all of it. */
export function checkOf(objections: readonly Objection[]): Check {
  const [first, ...also] = objections;
  return first === undefined ? { ok: true } : { ok: false, ...first, ...(also.length === 0 ? {} : { also }) };
}

/** All that a check says, one by one. */
export function objectionsOf(check: Check): Objection[] {
  if (check.ok) return [];
  const { ok: _, also = [], ...first } = check;
  return [first, ...also];
}

/** Of what a device's state needs of a kind, that which is not there. */
export function lackingOf(needs: Needs | undefined, kind: string, there: Iterable<string>): string[] {
  const offered = new Set(there);
  // The kinds come from elsewhere, and may be named like something that every object has.
  const needed = needs !== undefined && Object.hasOwn(needs, kind) ? (needs[kind] ?? []) : [];
  return needed.filter((name) => !offered.has(name));
}
