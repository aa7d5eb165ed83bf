import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { considerAll } from "../../test/histories.ts";
import { reports } from "../../test/judging.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { type Consideration, consider, considerationAtStart, pass } from "./consider.ts";
import type { Policy } from "./policy.ts";

function last<Item>(items: Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error("There is none");
  return item;
}

describe("one report", () => {
  test("C13, M5: a question that is put is remembered as open until its answer comes", () => {
    const estimate = seen({ devices: [device("ram", { precopyBytes: 8 * GB })] });
    const { action, state } = consider(considerationAtStart, estimate, gigabyteLink);
    expect(action).toEqual({ kind: "askExact" });
    expect(state.convergence.question).toEqual({ askedMs: 0, open: true });
    const answered = consider(state, { ...estimate, atMs: 100, exact: exactly() }, gigabyteLink);
    expect(answered.state.convergence.question).toEqual({ askedMs: 0, open: false });
  });

  test("C9: what is done about a verdict is no part of it: the same figures, another policy", () => {
    const settled = reports({ count: 40 });
    const [hasty, patient] = (["normal", "patient"] as const).map((patience) =>
      considerAll(settled, { ...gigabyteLink, patience }),
    );
    expect(patient?.map(({ judgement }) => judgement?.verdict)).toEqual(
      hasty?.map(({ judgement }) => judgement?.verdict),
    );
    expect(hasty?.[10]?.action.kind).toBe("giveUp");
    expect(patient?.map(({ action }) => action.kind)).not.toContain("giveUp");
  });

  test("C10: a remedy opens the plateau's window anew", () => {
    const policy: Policy = { ...gigabyteLink, ladder: [{ remedy: "downtimeLimit", maxMs: 2_000 }] };
    const { action, state } = last(considerAll(reports({ count: 11 }), policy));
    expect(action.kind).toBe("remedy");
    expect(state.convergence).toMatchObject({ resumedMs: 10_000, samples: [], strikes: {} });
  });
});

describe("C12: time without a report that could be judged", () => {
  const before = last(considerAll(reports({ count: 8 }), gigabyteLink)).state;

  function silentFor(ms: number, from: Consideration = before) {
    let considered = pass(from, 0);
    for (let passed = 0; passed < ms; passed += 250) considered = pass(considered.state, 250);
    return considered;
  }

  test("C12: decides nothing for half a minute, and then it is given up", () => {
    const short = silentFor(30_000);
    expect(short).toMatchObject({ judgement: undefined, verdict: undefined, action: { kind: "none" } });
    const long = silentFor(30_250);
    expect(long.action).toEqual({ kind: "giveUp", why: long.verdict });
    expect(long.verdict).toMatchObject({
      kind: "unknown",
      code: "REPORTS_LOST",
      inputs: { silentMs: 30_250 },
      thresholds: { reportsLostMs: 30_000 },
      sentence: "No figures have come for 30.3 s.",
    });
  });

  test("C12: a report ends the silence, and the time that has passed counts", () => {
    const { state } = silentFor(20_000);
    const report = seen({
      atMs: 27_500,
      wireBytes: 8 * GB,
      busyMs: 8_000,
      devices: [device("ram", { precopyBytes: 800 * MB, rounds: 1, sentBytes: 8 * GB })],
    });
    const heard = consider(state, report, gigabyteLink);
    expect(heard.state.convergence.clock).toEqual({ nowMs: 27_500, sourceMs: 27_500, silentMs: 0 });
    expect(silentFor(20_000, heard.state).action.kind).toBe("none");
  });
});
