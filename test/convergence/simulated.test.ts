import { kinds } from "@godwit/sim";
import { beforeAll, describe, expect, test } from "vitest";
import { type Row, rowsOf } from "../../bench/convergence/rows.ts";
import { figuresOf } from "../../bench/convergence/table.ts";

/** A few guests of each kind; `npm run bench:convergence` holds the core to its goals over two thousand. */
const seeds = [7_001, 7_002, 7_003, 7_004];
const [core, probed, peer] = ["godwit + history", "godwit + history + probe", "ovirt"] as const;

describe("the decision core in a simulated world", () => {
  let rows: Row[] = [];
  beforeAll(() => {
    rows = kinds.flatMap((kind) => seeds.flatMap((seed) => rowsOf(kind, seed, [core, probed, peer])));
  });
  const of = (rule: string) => rows.filter((row) => row.rule === rule);

  test("nine of ten feasible guests are switched over within their limit, more than by another program's rule", () => {
    expect(of(core).filter(({ truth }) => truth === "feasible").length).toBeGreaterThan(25);
    expect(figuresOf(of(core)).success).toBeGreaterThanOrEqual(0.9);
    expect(figuresOf(of(core)).success).toBeGreaterThan(figuresOf(of(peer)).success);
  });

  test("none is switched over at more than a tenth above its limit, and none that cannot fit", () => {
    for (const rule of [core, probed]) {
      expect(figuresOf(of(rule)).farOver).toBe(0);
      expect(figuresOf(of(rule)).wronglySwitched).toBe(0);
    }
  });

  test("what is given up is given up for a reason with a name, and what was given up before the start has sent nothing", () => {
    const reasons = new Set(of(core).flatMap(({ outcome, reason }) => (outcome === "abort" ? [reason] : [])));
    const known = ["STOP_ONLY", "FIXED_COSTS", "DIRTY_RATE", "WORKING_SET", "MARGINAL", "DEADLINE", "NO_PROGRESS"];
    expect([...reasons].filter((reason) => !known.includes(reason ?? ""))).toEqual([]);
    expect(reasons.size).toBeGreaterThan(1);
    const before = of(probed).filter(({ outcome, atMs }) => outcome === "abort" && atMs === 0);
    expect(before.length).toBeGreaterThan(0);
    expect(before.every(({ wireBytes, truth }) => wireBytes === 0 && truth !== "feasible")).toBe(true);
  });

  test("a scenario decides the same each time", () => {
    const [kind] = kinds;
    expect(rowsOf(kind, 7_001, [core])).toEqual(of(core).filter((row) => row.kind === kind && row.seed === 7_001));
  });
});
