import { expect, test } from "vitest";
import { run } from "../run.ts";
import { kinds } from "../scenario.ts";
import { scenarioOf } from "../scenario-of.ts";
import { peers } from "./peers.ts";

test("every peer ends every kind of scenario in one of the four ways, and all four occur", () => {
  const seen = new Set<string>();
  for (const kind of kinds)
    for (const peer of Object.values(peers)) {
      const scenario = { ...scenarioOf(kind, 5), deadlineMs: 150_000 };
      seen.add(run(scenario, peer(scenario)).outcome);
    }
  expect(seen).toEqual(new Set(["ok", "violation", "abort", "deadline"]));
});
