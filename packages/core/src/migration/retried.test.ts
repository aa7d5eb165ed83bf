import { expect, test } from "vitest";
import { facts, precopy } from "../../test/facts.ts";
import { plainLimits } from "../../test/policies.ts";
import { reason } from "../reason.ts";
import { canRetry, lineAfter, retriesItself } from "./retried.ts";
import { plainScheduling, type Share } from "./scheduling.ts";
import { type Ended, isEnded, type Migration, queued } from "./state.ts";
import { step } from "./step.ts";

const conditions = {
  destinationId: "b",
  shareBytesPerSec: 5,
  downtimeLimitMs: 300,
  neededBytesPerSec: undefined,
  facts: "",
};
const share: Share = {
  guaranteedBytesPerSec: 1,
  bytesPerSec: 5,
  reservedBytesPerSec: 5,
  mostBytesPerSec: 5,
  because: reason("SHARE", "It has it."),
  conditions,
};
const asked = { ...facts, scheduling: { ...plainScheduling, retry: true } };

function ended(state: Migration): Ended {
  if (!isEnded(state)) throw new Error(`It is in ${state.phase}`);
  return state;
}

const failed = ended(
  step({ ...precopy, facts: asked, share }, { type: "broken", role: "source", code: "X", detail: "a disk failed." }, 7)
    .state,
);

test("S8: one that failed is tried again by itself if that was asked for, and knows under what it has failed", () => {
  expect(retriesItself(failed)).toBe(true);
  expect(retriesItself({ ...failed, facts })).toBe(false);
  expect(lineAfter(failed)).toEqual({
    retryOf: facts.id,
    attempts: [{ ...conditions, endedAt: 7, code: "CHANNEL_BROKEN" }],
  });
});

test("S8: what was called off, never started or is past its deadline is not tried again by itself", () => {
  const cancelled = ended(step({ ...precopy, facts: asked, share }, { type: "cancel" }, 7).state);
  const denied = ended(
    step(queued(asked, plainLimits), { type: "denied", because: reason("CANNOT_CONVERGE", "No.") }, 7).state,
  );
  const late = { ...failed, facts: { ...asked, scheduling: { ...asked.scheduling, deadlineAt: 7 } } };
  expect([cancelled, denied, late].map(retriesItself)).toEqual([false, false, false]);
  expect([cancelled, denied, late].map(canRetry)).toEqual([true, true, true]);
  expect(lineAfter(denied).attempts).toEqual([]);
});

test("S8: what has moved, or is lost, cannot be tried again", () => {
  expect(canRetry({ ...failed, phase: "completed", owner: { role: "destination", epoch: 9 } })).toBe(false);
  expect(canRetry({ ...failed, phase: "lost" })).toBe(false);
});
