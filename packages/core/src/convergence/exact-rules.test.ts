import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { codesOver, over, reports } from "../../test/judging.ts";
import { gigabyteLink, unknownLink } from "../../test/policies.ts";

describe("C4: ready", () => {
  /** A link that was measured, and figures that leave so much. */
  const leaving = (precopyBytes: number, exact = true) =>
    reports({ count: 30, everyMs: 200, exact, ram: (index) => ({ precopyBytes: index < 29 ? 5 * GB : precopyBytes }) });

  test("C4: only exact figures make it ready", () => {
    const estimated = over(gigabyteLink, leaving(100 * MB, false));
    expect(estimated.verdict.kind).toBe("converging");
    const { verdict } = over(gigabyteLink, leaving(100 * MB));
    expect(verdict).toMatchObject({ kind: "ready", code: "FITS_LIMIT", thresholds: { downtimeLimitMs: 300 } });
    expect(verdict.sentence).toMatch(/^Predicted downtime 13\d ms, at most 15\d ms, fits the limit of 300 ms\.$/);
  });

  test("C4: the upper end of the predicted downtime must fit, not its middle", () => {
    const { evidence, verdict } = over(gigabyteLink, leaving(255 * MB));
    expect(evidence?.predicted.midMs).toBeLessThan(300);
    expect(evidence?.predicted.highMs).toBeGreaterThan(300);
    expect(verdict.kind).toBe("converging");
  });

  const near = (precopyBytes: (index: number) => number, count = 12) =>
    reports({ count, everyMs: 200, ram: (index) => ({ precopyBytes: precopyBytes(index) }) });

  test("C4: what probably fits is taken when it has not got better for two seconds", () => {
    const steady = codesOver(
      gigabyteLink,
      near(() => 240 * MB),
    );
    expect(steady.slice(0, 6)).not.toContain("LIKELY_FITS");
    expect(steady.at(-1)).toBe("LIKELY_FITS");
    const better = codesOver(
      gigabyteLink,
      near((index) => (240 + 3 * (11 - index)) * MB),
    );
    expect(better).not.toContain("LIKELY_FITS");
    const { verdict } = over(
      gigabyteLink,
      near(() => 240 * MB),
    );
    expect(verdict.kind).toBe("ready");
    expect(verdict.sentence).toMatch(
      /^Predicted downtime 27\d ms, at most 31\d ms: it probably fits the limit of 300 ms, and it does not get better\.$/,
    );
  });

  test("C4: what probably fits is taken when only three seconds are left of the deadline", () => {
    const better = near((index) => (240 + 3 * (11 - index)) * MB);
    expect(over({ ...gigabyteLink, deadlineMs: 5_100 }, better).verdict.code).toBe("LIKELY_FITS");
    expect(over({ ...gigabyteLink, deadlineMs: 5_300 }, better).verdict.code).toBe("CONVERGING");
  });

  test("C4: what does not fit one standard deviation above the middle is not likely to", () => {
    expect(
      codesOver(
        gigabyteLink,
        near(() => 262 * MB, 30),
      ),
    ).not.toContain("LIKELY_FITS");
  });

  test("C4: what was configured of a link is trusted only until something was measured", () => {
    const slow = reports({ count: 10, everyMs: 200, bytesPerSec: 100 * MB, ram: () => ({ precopyBytes: 50 * MB }) });
    expect(codesOver(gigabyteLink, slow.slice(0, 1))).toEqual(["FITS_LIMIT"]);
    expect(over(gigabyteLink, slow).verdict.kind).not.toBe("ready");
  });

  test("C4: a guest too small for a whole slice of bandwidth is ready all the same, with or without a known link", () => {
    const ram = device("ram", { precopyBytes: 4096, rounds: 2, sentBytes: 8 * MB });
    const figures = { wireBytes: 8 * MB, busyMs: 9, devices: [ram] };
    for (const policy of [gigabyteLink, unknownLink]) {
      expect(over(policy, [seen(figures)]).askExact).toBe(true);
      expect(over(policy, [seen({ ...figures, exact: exactly() })]).verdict.kind).toBe("ready");
    }
  });

  test("C4: a guest that has nothing to move needs no bandwidth, and none is named", () => {
    const idle = (fixedMs: number) =>
      over(unknownLink, [seen({ devices: [device("clock", { fixedMs })], exact: exactly() })]);
    expect(idle(0).verdict.kind).toBe("ready");
    const { verdict } = idle(330);
    expect(verdict.sentence).toMatch(/^0 B are pending; predicted downtime 36\d ms, limit 300 ms\.$/);
    expect(verdict.inputs).not.toHaveProperty("bytesPerSec");
  });

  test("C4: what moves only after the stop, over a link of which nothing is known, needs that figure", () => {
    const daemon = seen({ devices: [device("daemon", { stopcopyBytes: MB })] });
    expect(over(unknownLink, [daemon]).verdict.code).toBe("MEASURING");
    const { verdict } = over(unknownLink, [{ ...daemon, exact: exactly() }]);
    expect(verdict).toMatchObject({
      kind: "needsMore",
      code: "BANDWIDTH_UNKNOWN",
      inputs: { stopcopyBytes: MB, proof: true },
    });
    const moving = seen({ devices: [device("daemon", { stopcopyBytes: MB, precopyBytes: MB })], exact: exactly() });
    expect(over(unknownLink, [moving]).verdict.code).toBe("MEASURING");
  });

  test("C4: a cap is lifted at the switchover, so that the link counts", () => {
    const capped = reports({ count: 10, everyMs: 200, bytesPerSec: GB, ram: () => ({ precopyBytes: 2 * GB }) });
    const policy = { ...gigabyteLink, linkBytesPerSec: 20 * GB, capBytesPerSec: GB };
    expect(over(policy, capped).verdict.kind).toBe("converging");
    expect(over({ ...policy, reservedBytesPerSec: 20 * GB }, capped).verdict.kind).toBe("ready");
  });
});

describe("C6: not convergent as the guest behaves now", () => {
  test("C6: a plateau above the limit is hopeless after its window and three figures, with device, rates and limit", () => {
    const codes = codesOver(gigabyteLink, reports({ count: 11 }));
    expect(codes.slice(0, 10)).not.toContain("WORKING_SET");
    expect(codes[10]).toBe("WORKING_SET");
    const { verdict } = over(gigabyteLink, reports({ count: 11 }));
    expect(verdict).toMatchObject({
      kind: "hopeless",
      inputs: { device: "ram", pendingBytes: 800 * MB, dirtyBytesPerSec: 800 * MB, bytesPerSec: GB, proof: false },
      thresholds: { downtimeLimitMs: 300, windowMs: 8_000, samples: 9 },
    });
    expect(verdict.sentence).toBe(
      "ram is written at 800 MB/s and the link gives 1 GB/s: over 8 s and 9 exact figures it has come no nearer to the limit; " +
        "predicted downtime 832 ms, limit 300 ms. A limit of 967 ms would do.",
    );
  });

  test("C6: a plateau's rate is that of its whole window, though one look finds what was written before another", () => {
    const even = reports({ count: 11 });
    // As if nothing had been sent before the last of them, nor written.
    const uneven = even.map((each, index) => {
      const sentBytes = 1 + (even[index - 1]?.devices[0]?.sentBytes ?? 0);
      return index < 10 ? each : { ...each, devices: each.devices.map((ram) => ({ ...ram, sentBytes })) };
    });
    const { verdict } = over(gigabyteLink, uneven);
    expect(verdict).toMatchObject({ kind: "hopeless", code: "WORKING_SET" });
    const { dirtyBytesPerSec } = verdict.inputs;
    expect(dirtyBytesPerSec).toBeGreaterThan(700 * MB);
    expect(dirtyBytesPerSec).toBeLessThan(900 * MB);
  });

  test("C6: estimates alone never make it hopeless", () => {
    const codes = codesOver(gigabyteLink, reports({ count: 200, exact: false }));
    expect([...new Set(codes)]).toEqual(["CONVERGING"]);
  });

  test("C6: nothing of it is said before the first pass is over", () => {
    const passing = reports({ count: 60, rounds: () => 0, ram: (index) => ({ precopyBytes: (100 - index) * GB }) });
    expect([...new Set(codesOver({ ...gigabyteLink, sizeBytes: 100 * GB }, passing))]).toEqual(["CONVERGING"]);
  });

  test("C6: clean memory that is written faster than the best credible bandwidth cannot get better, the first pass over or not", () => {
    // A fifth more is written than is sent, of what is clean already.
    const outrun = (share: number, everyMs = 500) =>
      reports({
        count: 30,
        everyMs,
        rounds: () => 0,
        ram: (index) => ({ precopyBytes: 50 * GB + index * (share - 1) * GB * (everyMs / 1_000) }),
      });
    const codes = codesOver(gigabyteLink, outrun(1.2));
    expect(codes.indexOf("DIRTY_RATE")).toBe(17);
    const { verdict } = over(gigabyteLink, outrun(1.2));
    expect(verdict).toMatchObject({ kind: "hopeless", inputs: { dirtyBytesPerSec: 1.2 * GB, proof: false } });
    expect(verdict.sentence).toMatch(
      /^ram is written at 1\.2 GB\/s and the link gives 1 GB\/s: clean memory is written faster than it can be sent; predicted downtime /,
    );
    expect(codesOver(gigabyteLink, outrun(1.05))).not.toContain("DIRTY_RATE");
    expect(codesOver(gigabyteLink, outrun(1.2, 250))).not.toContain("DIRTY_RATE");
    expect(codesOver({ ...gigabyteLink, linkBytesPerSec: 2 * GB }, outrun(1.2).slice(0, 14))).not.toContain(
      "DIRTY_RATE",
    );
  });

  test("C6: what outruns the link and yet is no more than twice the limit off may still fit", () => {
    const small = reports({
      count: 30,
      everyMs: 500,
      rounds: () => 0,
      ram: (index) => ({ precopyBytes: (520 + (index % 2)) * MB }),
    }).map((each) => ({ ...each, devices: each.devices.map((ram) => ({ ...ram, sentBytes: 3 * ram.sentBytes })) }));
    expect(codesOver({ ...unknownLink, sizeBytes: 500 * GB }, small)).not.toContain("DIRTY_RATE");
  });

  test("C6: a large blob that moves only after the stop does not hide the device that is written", () => {
    const both = reports({
      count: 12,
      ram: () => ({ precopyBytes: 200 * MB }),
      gpu: () => ({ stopcopyBytes: 250 * MB }),
    });
    const { verdict } = over(gigabyteLink, both);
    expect(verdict).toMatchObject({ kind: "hopeless", code: "WORKING_SET", inputs: { device: "ram" } });
  });

  test("C6: what comes near and never surely below for four windows is marginal", () => {
    const near = reports({ count: 40, ram: () => ({ precopyBytes: 275 * MB }) });
    const codes = codesOver(gigabyteLink, near);
    expect(codes.slice(0, 34)).not.toContain("MARGINAL");
    expect(codes.slice(35)).toContain("MARGINAL");
    const { verdict } = over(gigabyteLink, near);
    expect(verdict.sentence).toContain("it came near the limit and never surely below it;");
    expect(verdict.inputs["proof"]).toBe(false);
  });

  test("C6: where the middle fits after so long, half a standard deviation is enough", () => {
    const codes = codesOver(gigabyteLink, reports({ count: 40, ram: () => ({ precopyBytes: 258 * MB }) }));
    expect(codes.slice(0, 33)).not.toContain("LIKELY_FITS");
    expect(codes[33]).toBe("LIKELY_FITS");
  });

  test("C5: a dip of the link proves nothing: tests of hopelessness use the best bandwidth of the last minute", () => {
    // 280 MB fit at the 1 GB/s of the first 20 s, and not at the 300 MB/s afterwards.
    const dip = reports({ count: 60, ram: () => ({ precopyBytes: 255 * MB }) }).map((each, index) => ({
      ...each,
      wireBytes: index < 20 ? each.wireBytes : 20 * GB + (index - 20) * 300 * MB,
    }));
    const codes = codesOver({ ...unknownLink, downtimeLimitMs: 320 }, dip);
    expect(codes.slice(0, 20)).toContain("FITS_LIMIT");
    expect(codes.slice(25)).toContain("LINK_DEGRADED");
    expect(codes.filter((code) => code === "WORKING_SET" || code === "DIRTY_RATE")).toEqual([]);
  });

  test("C5: what gathers behind a slow link is no plateau of the guest's, until a minute has passed", () => {
    // 3 GB gather while it gives a quarter: too much also for the link at its best.
    const slow = (from: number, to: number) => {
      const isSlow = (index: number) => index >= from && index < to;
      let wireBytes = 0;
      return reports({ count: 120, ram: (index) => ({ precopyBytes: isSlow(index) ? 3 * GB : 400 * MB }) }).map(
        (each, index) => ({ ...each, wireBytes: (wireBytes += isSlow(index) ? 0.25 * GB : GB) }),
      );
    };
    const policy = { ...unknownLink, downtimeLimitMs: 500 };
    const mended = codesOver(policy, slow(15, 45));
    expect(mended.slice(0, 15)).toContain("FITS_LIMIT");
    expect(mended.slice(20, 45)).toEqual(Array.from({ length: 25 }, () => "LINK_DEGRADED"));
    expect(mended.at(-1)).toBe("FITS_LIMIT");
    const lasting = codesOver(policy, slow(15, 120));
    const blamed = lasting.findIndex((code) => code === "WORKING_SET" || code === "DIRTY_RATE");
    expect(blamed).toBeGreaterThan(70);
    expect(blamed).toBeLessThan(95);
  });
});

describe("C7: a cap of the migration's own", () => {
  const settled = reports({ count: 30, ram: () => ({ precopyBytes: 6 * GB }) });

  test("C7: is named before the guest is blamed, whether the link is known or not", () => {
    for (const linkBytesPerSec of [10 * GB, undefined]) {
      const { verdict } = over({ ...gigabyteLink, linkBytesPerSec, capBytesPerSec: GB }, settled);
      expect(verdict).toMatchObject({ kind: "needsMore", code: "WORKING_SET", inputs: { capBytesPerSec: GB } });
      expect(verdict.sentence).toContain("the migration may use 1 GB/s");
    }
  });

  test("C7: a guest that would outrun the link too is blamed in spite of the cap", () => {
    const { verdict } = over({ ...gigabyteLink, linkBytesPerSec: 1.1 * GB, capBytesPerSec: GB }, settled);
    expect(verdict.kind).toBe("hopeless");
    expect(verdict.inputs).not.toHaveProperty("capBytesPerSec");
  });

  test("C5, C7: a link that gives much less than it should is waited for for a minute, and then named beside the guest", () => {
    const long = reports({ count: 90, ram: () => ({ precopyBytes: 6 * GB }) });
    const policy = { ...gigabyteLink, linkBytesPerSec: 3 * GB };
    const codes = codesOver(policy, long);
    expect(codes.slice(10, 60)).toEqual(Array.from({ length: 50 }, () => "LINK_DEGRADED"));
    expect(codes.indexOf("WORKING_SET")).toBeLessThan(80);
    const { verdict } = over(policy, long.slice(0, codes.indexOf("WORKING_SET") + 1));
    expect(verdict.inputs).toMatchObject({ expectedBytesPerSec: 3 * GB });
    expect(verdict.sentence).toContain(" The link should give 3 GB/s.");
  });
});
