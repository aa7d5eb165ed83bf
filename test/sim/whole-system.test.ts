import { beforeAll, describe, expect, test } from "vitest";
import { type Simulated, simulate } from "./simulate.ts";

/** `npm run sim -- --seeds 20000` goes further; `npm run sim -- --seed N` tells what happens in one. */
const seeds = 2_000;

/** Every way in which a migration ends, often enough that a change of the world does not lose one by chance. */
const everyEnding = [
  "completed COMPLETED",
  "unknown",
  "aborted CANCELLED",
  "aborted DEADLINE",
  "aborted STOP_ONLY",
  "aborted no-room",
  "aborted device-failed",
  "failed PREFLIGHT_TIMEOUT",
  "failed CHANNEL_BROKEN",
  "failed SOURCE_RESTARTED",
  "failed DESTINATION_RESTARTED",
  "failed REPORTS_LOST",
  "failed SWITCHOVER_BROKEN",
  "failed SWITCHOVER_TIMEOUT",
  "failed DESTINATION_REVOKED",
  "failed RESTARTED",
  "failed device-failed",
  "failed DESTINATION_FENCED",
  "completed REGRANTED",
  "lost LOST",
];

describe("the whole system in a simulated world", () => {
  const runs: Simulated[] = [];
  beforeAll(async () => {
    for (let seed = 1; seed <= seeds; seed += 1) runs.push(await simulate(seed));
  });

  test("H4, H7, H10: never do two hosts run the guest, nothing that is needed is discarded, and in the end the host that the store and its journal name runs it, or it is unknown and said to be", () => {
    expect(failures(runs)).toEqual([]);
  });

  test("M9, M10: every way in which a migration ends is taken", () => {
    const endings = new Set(runs.flatMap((run) => run.endings));
    expect(everyEnding.filter((ending) => !endings.has(ending))).toEqual([]);
  });

  test("a seed tells the same story each time", async () => {
    const { trace } = await simulate(7, true);
    expect(trace.length).toBeGreaterThan(20);
    expect((await simulate(7, true)).trace.filter((line) => !line.includes(" logs "))).toEqual(
      trace.filter((line) => !line.includes(" logs ")),
    );
  });
});

describe("seeds that have failed", () => {
  test.each([
    [
      164,
      "H1: a source that a full disk kept from writing `released` went on to grant, and ran the guest after its restart",
    ],
    [66, "B5, H10: a destination that ended between writing `dropped` and dropping its devices kept them for good"],
    [1010, "H1: the same, with one device"],
    [1126, "H1: the same, in the second migration of a guest"],
    [270, "H8: a guest that was confirmed to a machine started anew ran, and was shown as stopped for good"],
    [
      336,
      "M12: an ended migration was never forgotten, so that nobody told a fenced host that came back to discard its copy",
    ],
    [1905, "H8: a fenced host that came back before the other one ran its copy was never told to discard its own"],
  ])("seed %i no longer does: %s", async (seed) => {
    expect(failures([await simulate(seed)])).toEqual([]);
  });
});

function failures(runs: Simulated[]): { seed: number; objections: string[] }[] {
  return runs.flatMap(({ seed, objections }) => (objections.length > 0 ? [{ seed, objections }] : []));
}
