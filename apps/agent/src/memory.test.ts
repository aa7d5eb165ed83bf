import { expect, test } from "vitest";
import { freeBytes, Memory } from "./memory.ts";

test("S10: memory that is left for guests is told anew where it has changed by more than a hundredth, and then once", () => {
  const told: number[] = [];
  let free = 1_000;
  const memory = new Memory({ free: () => free, tell: (bytes) => told.push(bytes) });
  expect(memory.told()).toBe(1_000);
  free = 1_010;
  memory.refresh();
  expect(told).toEqual([]);
  free = 989;
  memory.refresh();
  memory.refresh();
  expect(told).toEqual([989]);
  free = 0;
  memory.refresh();
  free = 4;
  memory.refresh();
  expect(told).toEqual([989, 0, 4]);
});

test("of what is given to guests, that is left which no guest's devices have", () => {
  const devices = [300, 40].map((sizeBytes) => ({ name: "ram", kind: "memory", sizeBytes }));
  const guest = { guestId: "", name: "web", epoch: 1, state: "running" as const, definitions: [], devices };
  expect(freeBytes(1_000, [guest, guest])).toBe(320);
  expect(freeBytes(100, [guest])).toBe(0);
});
