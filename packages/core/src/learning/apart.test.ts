import { expect, test } from "vitest";
import { apart } from "./apart.ts";

const of = (machineMs: number, filesMs: number, togetherMs: number) => {
  const parts = [
    { name: "machine", expectedMs: machineMs },
    { name: "files", expectedMs: filesMs },
  ];
  const [machine, files] = apart(parts, togetherMs).map(({ actualMs }) => actualMs);
  return { machine: machine ?? Number.NaN, files: files ?? Number.NaN };
};

test("L5: what came as expected confirms both, and what they took is never more or less than what was measured", () => {
  expect(of(30, 160, 190)).toEqual({ machine: 30, files: 160 });
  const { machine, files } = of(30, 160, 250);
  expect(machine + files).toBeCloseTo(250, 9);
  expect(of(0, 0, 50)).toEqual({ machine: 0, files: 0 });
});

test("L5: the larger is held for what came otherwise, the smaller hardly", () => {
  const { machine, files } = of(30, 160, 250);
  expect(files / 160).toBeGreaterThan(1.35);
  expect(machine / 30).toBeLessThan(1.08);
  expect(of(30, 3, 60).files / 3).toBeLessThan(1.1);
});

test("L5: over small and large ones each finds its own: 45 ms where 30 were declared, and half as much for each inode", () => {
  let [machineFactor, fileFactor] = [1, 1];
  for (let turn = 0; turn < 60; turn += 1) {
    const declaredMs = turn % 2 === 0 ? 3 : 160;
    const taken = of(30 * machineFactor, declaredMs * fileFactor, 45 + 0.5 * declaredMs);
    machineFactor += 0.3 * (taken.machine / 30 - machineFactor);
    fileFactor += 0.3 * (taken.files / declaredMs - fileFactor);
  }
  expect(machineFactor).toBeCloseTo(1.5, 1);
  expect(fileFactor).toBeCloseTo(0.5, 1);
});
