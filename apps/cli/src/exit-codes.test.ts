import { type Drain, DrainPhase } from "@godwit/contract";
import { expect, test } from "vitest";
import { exitCodeOfDrain, exitCodes } from "./exit-codes.ts";

const { done, aborted, failed } = exitCodes;

const byPhase: Record<Drain["phase"], number> = {
  draining: aborted,
  paused: aborted,
  blocked: aborted,
  aborting: aborted,
  returning: aborted,
  completed: done,
  aborted,
  failed,
  returned: done,
};

test("a drain is done once its host is empty, or its guests are back; it has failed at its deadline, and else left guests behind", () => {
  expect(Object.fromEntries(DrainPhase.options.map((phase) => [phase, exitCodeOfDrain({ phase })]))).toEqual(byPhase);
});
