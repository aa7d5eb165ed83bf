import { expect, test } from "vitest";
import { killedForMemory, wantOfMemory } from "./want-of-memory.ts";

test("Q6: that the kernel killed for want of memory is told of a process that was killed, or whose end nobody saw", () => {
  expect(wantOfMemory(" by SIGKILL", 1)).toBe(", while the kernel killed a process for want of memory");
  expect(wantOfMemory(undefined, 2)).toBe(", while the kernel killed 2 processes for want of memory");
  expect(wantOfMemory(" with status 1", 1)).toBe("");
  expect(wantOfMemory(" by SIGKILL", 0)).toBe("");
});

test("how many the kernel has killed is a number that does not fall", async () => {
  const before = await killedForMemory();
  expect(before).toBeGreaterThanOrEqual(0);
  expect(await killedForMemory()).toBeGreaterThanOrEqual(before);
});
