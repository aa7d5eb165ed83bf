import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";

type Figure = "ago" | "bytes" | "duration" | "limit" | "rate" | "roughly" | "running";
interface Figures extends Record<Figure, (value?: number) => string> {
  range: (ms?: [number, number]) => string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
// The modules of the page are plain JavaScript, whose types the compiler reads only where it is asked to, as in the first test.
const figures: Figures = await import(new URL("../../apps/dashboard/public/figures.js", import.meta.url).href);
const { ago, bytes, duration, limit, range, rate, roughly, running } = figures;

test("the page's modules fit the contract's types", async () => {
  const libraries = ["--target", "es2023", "--lib", "es2023,dom,dom.iterable", "--types", ""];
  const modules = ["--module", "nodenext", "--customConditions", "source", "--allowImportingTsExtensions"];
  const strict = [
    "--allowJs",
    "--checkJs",
    "--strict",
    "--noUncheckedIndexedAccess",
    "--noUnusedLocals",
    "--skipLibCheck",
  ];
  const files = ["--noEmit", "--ignoreConfig", "apps/dashboard/public/main.js"];
  const compiler = join(root, "node_modules/.bin/tsc");
  const said = await promisify(execFile)(compiler, [...libraries, ...modules, ...strict, ...files], {
    cwd: root,
  }).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
  expect(said).toBe("");
});

test("figures have three digits and a unit that they are never parted from", () => {
  expect([0, 999, 1_000, 9_995, 35_966_976, 999_600, 6e12].map((value) => bytes(value))).toEqual(
    ["0 B", "999 B", "1.00 kB", "10.0 kB", "36.0 MB", "1.00 MB", "6.00 TB"].map(unparted),
  );
  expect([0, 43.27, 300, 999.7, 1_421, 600_000].map((value) => duration(value))).toEqual(
    ["0 ms", "43.3 ms", "300 ms", "1.00 s", "1.42 s", "10.0 min"].map(unparted),
  );
  expect([300, 1_500, 90_000].map((value) => limit(value))).toEqual(["300 ms", "1.5 s", "90 s"].map(unparted));
  expect(range([506.3, 1_027.9])).toBe(unparted("0.51–1.03 s"));
  expect(rate(39_945_369)).toBe(unparted("39.9 MB/s"));
  expect([bytes(undefined), rate(undefined), duration(undefined), range(undefined)]).toEqual(["–", "–", "–", "–"]);
});

test("times run in whole seconds and are past in rough ones", () => {
  expect([0, 7_900, 760_000, 11_100_000].map((value) => parted(running(value)))).toEqual([
    "0 s",
    "7 s",
    "12 min 40 s",
    "3 h 05 min",
  ]);
  expect([59_999, 60_000, 7_200_000, 2 * 86_400_000].map((value) => roughly(value))).toEqual(
    ["59 s", "1 min", "2 h", "2 d"].map(unparted),
  );
  expect([0, 14_000, 3_599_000].map((value) => parted(ago(value)))).toEqual(["just now", "10 s ago", "59 min ago"]);
});

test("no figure is wider than the place that is kept for it", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
      expect(bytes(value)).toMatch(/^(\d{1,3}|\d\.\d\d|\d\d\.\d)\u00a0([kMGT]?B|PB)$/);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3.6e6, noNaN: true }), (ms) => {
      expect(duration(ms)).toMatch(/^(0|\d\d\d|\d\.\d\d|\d\d\.\d)\u00a0(ms|s|min)$/);
    }),
  );
});

function unparted(text: string): string {
  return text.replace(/ (?=[a-zA-Z])/, "\u00a0");
}

function parted(text: string): string {
  return text.replaceAll("\u00a0", " ");
}
