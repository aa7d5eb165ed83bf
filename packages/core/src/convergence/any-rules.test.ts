import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { codesOver, over, reports } from "../../test/judging.ts";
import { gigabyteLink, unknownLink } from "../../test/policies.ts";

describe("C2: nothing moves", () => {
  const still = (atMs: number, precopyBytes: number) =>
    seen({ atMs, wireBytes: 5 * MB, busyMs: 10, devices: [device("ram", { precopyBytes, sentBytes: 5 * MB })] });
  const standing = (seconds: number, precopyBytes: number) =>
    Array.from({ length: seconds + 1 }, (_, index) => still(1_000 * index, precopyBytes));

  test("C2: half a minute without a byte although there is something to move is hopeless", () => {
    expect(over(gigabyteLink, standing(30, GB)).verdict.kind).toBe("converging");
    const { verdict } = over(gigabyteLink, standing(31, GB));
    expect(verdict).toMatchObject({
      kind: "hopeless",
      code: "NO_PROGRESS",
      inputs: { pendingBytes: GB, sinceMs: 31_000, sentBytes: 5 * MB },
      thresholds: { noProgressMs: 30_000 },
    });
    expect(verdict.sentence).toBe("Nothing has moved for 31 s although 1 GB are pending.");
  });

  test("C2: silence with less than 1 MB to move is not held against it", () => {
    expect(codesOver(gigabyteLink, standing(90, MB))).not.toContain("NO_PROGRESS");
  });

  test("C2: a single byte shows that the link is alive", () => {
    const trickling = standing(90, GB).map((each, index) => ({
      ...each,
      wireBytes: each.wireBytes + (index > 20 ? 1 : 0),
    }));
    expect(codesOver(gigabyteLink, trickling).indexOf("NO_PROGRESS")).toBe(52);
  });
});

describe("C3: initial data", () => {
  test("C3: blocks the switchover, and the device with the most of it is named in any order", () => {
    const devices = [device("a", { initialBytes: 1 }), device("gpu", { initialBytes: 4 * MB }), device("z")];
    for (const order of [devices, devices.toReversed()]) {
      const { verdict } = over(gigabyteLink, [seen({ devices: order, wireBytes: MB, busyMs: 5, exact: exactly() })]);
      expect(verdict).toMatchObject({ kind: "converging", code: "INITIAL_DATA", inputs: { device: "gpu" } });
      expect(verdict.sentence).toBe("gpu has 4 MB of initial data to send before a switchover is worth trying.");
    }
  });

  test("C3: counts as bytes that are still to be sent", () => {
    const { evidence } = over(gigabyteLink, [seen({ devices: [device("gpu", { initialBytes: 60 * MB })] })]);
    expect(evidence?.predicted.transferMs).toBeCloseTo(100, 9);
  });

  test("C3: that comes up again blocks the switchover again", () => {
    const one = reports({ count: 2, ram: (index) => ({ precopyBytes: MB, initialBytes: index === 0 ? 0 : MB }) });
    expect(codesOver(gigabyteLink, one)).toEqual(["FITS_LIMIT", "INITIAL_DATA"]);
  });
});

test("C5: a link at less than half of what it should give is degraded, and the guest is not blamed", () => {
  const slow = reports({
    count: 8,
    everyMs: 250,
    bytesPerSec: 200 * MB,
    exact: false,
    rounds: () => 0,
    ram: () => ({ precopyBytes: 10 * GB }),
  });
  const { verdict } = over(gigabyteLink, slow);
  expect(verdict).toMatchObject({
    kind: "degraded",
    code: "LINK_DEGRADED",
    inputs: { bytesPerSec: 200 * MB, expectedBytesPerSec: GB },
  });
  expect(verdict.sentence).toBe("The link gives 200 MB/s of the 1 GB/s that it should; the guest is not to blame.");
});

describe("C8: the deadline", () => {
  test("C8: half a second before its end it is hopeless, by estimates and by exact figures alike", () => {
    for (const exact of [false, true]) {
      const running = reports({ count: 21, everyMs: 100, exact, rounds: () => 0, ram: () => ({ precopyBytes: GB }) });
      const codes = codesOver({ ...gigabyteLink, deadlineMs: 2_450 }, running);
      expect(codes.slice(0, 20)).not.toContain("DEADLINE");
      expect(codes[20]).toBe("DEADLINE");
    }
  });

  test("C8: figures that fit are taken even then", () => {
    const fits = reports({ count: 3, ram: (index) => ({ precopyBytes: index < 2 ? GB : MB }) });
    expect(codesOver({ ...gigabyteLink, deadlineMs: 2_100 }, fits).at(-1)).toBe("FITS_LIMIT");
  });

  const sending = (unsentBytes: number, count: number, bytesPerSec = GB) =>
    reports({
      count,
      bytesPerSec,
      exact: false,
      rounds: () => 0,
      ram: (index) => ({ precopyBytes: unsentBytes - index * bytesPerSec }),
    });

  test("C8: half of what is unsent takes longer at the link's limit than there is time: a proof at the first figures", () => {
    const minute = { ...gigabyteLink, deadlineMs: 60_000 };
    expect(over(minute, sending(119 * GB, 1)).verdict.code).not.toBe("DEADLINE");
    const { verdict } = over(minute, sending(121 * GB, 1));
    expect(verdict).toMatchObject({ kind: "hopeless", code: "DEADLINE", inputs: { proof: true } });
    expect(verdict.sentence).toBe(
      "121 GB have not been sent once; at 1 GB/s that takes 2.02 min, and 60 s are left of the deadline.",
    );
  });

  test("C8: a cap of one's own counts as the link does", () => {
    const capped = { ...gigabyteLink, deadlineMs: 60_000, capBytesPerSec: 500 * MB };
    expect(over(capped, sending(61 * GB, 1)).verdict.code).toBe("DEADLINE");
  });

  test("C8: after a minute all of it at the best that was measured, 50 reports in a row, is hopeless and no proof", () => {
    const twoMinutes = { ...unknownLink, deadlineMs: 240_000 };
    const codes = codesOver(twoMinutes, sending(500 * GB, 112));
    expect(codes.slice(0, 110)).not.toContain("DEADLINE");
    expect(codes[110]).toBe("DEADLINE");
    expect(over(twoMinutes, sending(500 * GB, 111)).verdict.inputs["proof"]).toBe(false);
    expect(codesOver(twoMinutes, sending(200 * GB, 200))).not.toContain("DEADLINE");
  });

  test("C7, C8: where a cap of the migration's own makes it take too long, the cap is named", () => {
    const capped = { ...gigabyteLink, deadlineMs: 60_000, capBytesPerSec: 100 * MB };
    const { verdict } = over(capped, sending(50 * GB, 1));
    expect(verdict).toMatchObject({ kind: "needsMore", code: "DEADLINE", inputs: { capBytesPerSec: 100 * MB } });
    expect(verdict.sentence).toContain("at the 100 MB/s that the migration may use that takes");
    expect(verdict.inputs["needBytesPerSec"]).toBeGreaterThan(800 * MB);
    expect(over({ ...capped, capBytesPerSec: 900 * MB }, sending(50 * GB, 1)).verdict.code).not.toBe("DEADLINE");
  });

  test("C8: once the first pass is over what is left of it counts no more", () => {
    const over_ = sending(500 * GB, 3).map((each) => ({
      ...each,
      devices: each.devices.map((ram) => ({ ...ram, rounds: 1 })),
    }));
    const [first, ...others] = over_;
    if (first === undefined) throw new Error("There are some");
    const looked = [{ ...first, exact: exactly() }, ...others];
    expect(codesOver({ ...gigabyteLink, deadlineMs: 60_000 }, looked)).not.toContain("DEADLINE");
  });
});
