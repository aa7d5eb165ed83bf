import { expect, test } from "vitest";
import { type Kind, type Scenario, kinds } from "./scenario.ts";
import { scenarioOf } from "./scenario-of.ts";

function seeds(kind: Kind, count: number): Scenario[] {
  return Array.from({ length: count }, (_, index) => scenarioOf(kind, index + 1));
}

/** Drawn once, since each takes some milliseconds. */
const drawn = kinds.flatMap((kind) => seeds(kind, 5));
const drawnOf = (wanted: Kind) => drawn.filter(({ kind }) => kind === wanted);

function withoutSeries({ hidden, ...rest }: Scenario) {
  return { ...rest, hidden: { ...hidden, link: hidden.link.length, activity: hidden.activity.length } };
}

function isSame(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

test("a kind and a seed give the same scenario, whatever was drawn before", () => {
  for (const kind of kinds) {
    const first = scenarioOf(kind, 7);
    scenarioOf("bursty", 3);
    const again = scenarioOf(kind, 7);
    expect(withoutSeries(again)).toEqual(withoutSeries(first));
    expect(isSame(again.hidden.link, first.hidden.link)).toBe(true);
    expect(isSame(again.hidden.activity, first.hidden.activity)).toBe(true);
  }
});

/** One figure that every number in a value goes into, by its size. */
function digest(value: unknown): number {
  if (typeof value === "number") return Number.isFinite(value) ? Math.log1p(Math.abs(value)) : 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + digest(part), 0);
}

test("the order and the ranges of the draws stand: what was found at a seed is found there again", () => {
  const figures = kinds.map((kind) => {
    const series = drawnOf(kind).map(({ hidden }) => [hidden.link.at(-1), hidden.activity.at(-1)]);
    return `${kind} ${(digest(drawnOf(kind).map(withoutSeries)) + digest(series)).toFixed(4)}`;
  });
  expect(figures).toMatchInlineSnapshot(`
    [
      "idle 1663.2991",
      "uniform 1475.9280",
      "hotcold 1748.8408",
      "bursty 1587.2640",
      "ramp 1705.0349",
      "periodic 1631.0362",
      "vfio-const 2061.9126",
      "vfio-learning 2468.3311",
      "vhost-user-blob 2114.8602",
      "many-devices 3643.4573",
      "net-chaos 1669.5749",
      "mismeasure 1693.9770",
    ]
  `);
});

test("other seeds and other kinds give other scenarios", () => {
  expect(new Set(drawn.map(({ ramBytes }) => ramBytes)).size).toBe(drawn.length);
});

test("limits, deadlines, links and sizes stay within what is promised", () => {
  for (const scenario of drawn) {
    const { hidden, known, linkBytesPerSec } = scenario;
    expect([100, 300, 500, 1000, 2000]).toContain(scenario.limitMs);
    expect([1, 10, 25, 100]).toContain((linkBytesPerSec * 8) / 1e9);
    expect(scenario.deadlineMs).toBeGreaterThanOrEqual(600_000);
    expect(scenario.deadlineMs).toBeLessThanOrEqual(3_600_000);
    expect(scenario.ramBytes).toBeGreaterThanOrEqual(2 * 2 ** 30);
    expect(scenario.ramBytes).toBeLessThanOrEqual(6144 * 2 ** 30);
    expect(hidden.meanBytesPerSec / linkBytesPerSec).toBeGreaterThanOrEqual(0.6);
    expect(hidden.meanBytesPerSec / linkBytesPerSec).toBeLessThanOrEqual(0.95);
    expect(hidden.link.every((bytesPerSec) => bytesPerSec <= linkBytesPerSec)).toBe(true);
    expect(known.reservedBytesPerSec).toBeLessThanOrEqual(hidden.meanBytesPerSec);
    expect(hidden.link.length).toBe(hidden.activity.length);
    expect(hidden.link.length * 100).toBeGreaterThanOrEqual(scenario.deadlineMs + 130_000);
    expect(scenario.history).toHaveLength(60);
  }
});

test("only mismeasured links are capped, and always below what they carry", () => {
  const capped = drawn.filter(({ capBytesPerSec }) => capBytesPerSec !== undefined);
  expect(new Set(capped.map(({ kind }) => kind))).toEqual(new Set(["mismeasure"]));
  for (const { capBytesPerSec, hidden } of capped) expect(capBytesPerSec).toBeLessThan(0.6 * hidden.meanBytesPerSec);
});

test("devices come with the kinds that are named after them, and declare nearly the truth", () => {
  const withDevices = kinds.filter((kind) => drawnOf(kind).every(({ devices }) => devices.length > 0));
  expect(withDevices).toEqual(["vfio-const", "vfio-learning", "vhost-user-blob", "many-devices"]);
  const counts = new Set(seeds("many-devices", 24).map(({ devices }) => devices.length));
  expect([Math.min(...counts), Math.max(...counts)]).toEqual([2, 8]);
  for (const { declared, hidden } of drawnOf("many-devices").flatMap(({ devices }) => devices)) {
    expect(declared.bytesPerSec / hidden.bytesPerSec).toBeGreaterThan(0.6);
    expect(declared.bytesPerSec / hidden.bytesPerSec).toBeLessThan(1.6);
  }
});

test("the history of a guest that comes and goes shows both, and that of a steady one does not", () => {
  const spread = ({ history }: Scenario) => Math.max(...history) / Math.min(...history);
  expect(Math.max(...drawnOf("idle").map(spread))).toBeLessThan(3);
  expect(drawnOf("bursty").filter((scenario) => spread(scenario) > 3).length).toBeGreaterThan(2);
});

test("a ramp leaves the level of its history only once the migration has begun", () => {
  const last = ({ hidden: { activity } }: Scenario) => activity.at(-1) ?? 0;
  for (const scenario of drawnOf("ramp")) {
    const [oldest = 0, newest = 0] = [scenario.history[0], scenario.history.at(-1)];
    expect(newest / oldest).toBeGreaterThan(0.5);
    expect(newest / oldest).toBeLessThan(2);
    expect(Math.abs(Math.log(last(scenario)))).toBeGreaterThan(0.4);
  }
});
