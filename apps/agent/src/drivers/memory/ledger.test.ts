import { expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

/** Three writes to a key, of which the first two were acknowledged, and then the replies to reads. */
function judged(...replies: string[]) {
  const ledger = new Ledger(10);
  for (let write = 0; write < 3; write += 1) ledger.next(7);
  ledger.acknowledge(7, 2);
  for (const reply of replies) ledger.judge(7, reply);
  return ledger.faults;
}

test("what was acknowledged, and what may have been carried out without an answer, are both right", () => {
  expect(judged("VALUE 2:xx")).toEqual({ lost: 0, stale: 0, corrupt: 0 });
  expect(judged("VALUE 2:xx", "VALUE 3:xx")).toEqual({ lost: 0, stale: 0, corrupt: 0 });
});

test("a key that is missing or holds less than was acknowledged is lost", () => {
  expect(judged("NONE", "VALUE 1:xx")).toEqual({ lost: 2, stale: 0, corrupt: 0 });
});

test("a value that was read and is gone again is stale, though it was never acknowledged", () => {
  expect(judged("VALUE 3:xx", "VALUE 2:xx")).toEqual({ lost: 0, stale: 1, corrupt: 0 });
});

test("a value that was never written is corrupt", () => {
  expect(judged("VALUE 4:xx", "VALUE oops", "OK")).toEqual({ lost: 0, stale: 0, corrupt: 3 });
});

test("an acknowledgement that comes late lowers nothing", () => {
  const ledger = new Ledger(1);
  for (let write = 0; write < 3; write += 1) ledger.next(0);
  ledger.acknowledge(0, 3);
  ledger.acknowledge(0, 1);
  ledger.judge(0, "VALUE 2:xx");
  expect(ledger.faults.lost).toBe(1);
});
