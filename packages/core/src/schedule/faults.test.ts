import { expect, test } from "vitest";
import { scheduleFaults } from "./faults.ts";

const now = 1_000_000;
const asked = { notBefore: undefined, deadlineAt: undefined, windows: [] };

function fieldOf(over: Partial<Parameters<typeof scheduleFaults>[0]>): string | undefined {
  return scheduleFaults({ ...asked, ...over }, now)[0]?.field;
}

test("S17: a deadline that has passed, or passes before it may start, is named", () => {
  expect(fieldOf({ deadlineAt: now })).toBe("deadline");
  expect(fieldOf({ notBefore: now + 10, deadlineAt: now + 10 })).toBe("deadline");
  expect(fieldOf({ notBefore: now + 10, deadlineAt: now + 11 })).toBeUndefined();
});

test("S17: windows that have shut for good, or open after its deadline, are named", () => {
  const over = { opensAt: now - 20, closesAt: now - 10, everyMs: undefined };
  expect(fieldOf({ windows: [over] })).toBe("maintenanceWindows");
  expect(fieldOf({ windows: [{ ...over, everyMs: 100 }] })).toBeUndefined();
  expect(fieldOf({ windows: [{ ...over, everyMs: 100 }], deadlineAt: now + 80 })).toBe("maintenanceWindows");
  expect(fieldOf({ windows: [{ ...over, opensAt: now + 5, closesAt: now + 9 }], notBefore: now + 9 })).toBe(
    "maintenanceWindows",
  );
});
