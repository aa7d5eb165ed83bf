import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { codesOver, over, reports } from "../../test/judging.ts";
import { gigabyteLink, unknownLink } from "../../test/policies.ts";
import type { DeviceObservation } from "./observation.ts";
import type { Policy } from "./policy.ts";

function exact(...devices: DeviceObservation[]) {
  return seen({ devices, exact: exactly() });
}

function firstVerdict(device_: DeviceObservation, policy: Policy = gigabyteLink) {
  return over(policy, [exact(device_)]).verdict;
}

describe("C1: what only the stop can do, at the link's own limit", () => {
  test("C1: is hopeless at the first exact figures where it is beyond doubt, and that is a proof", () => {
    const verdict = firstVerdict(device("gpu", { stopcopyBytes: GB }));
    expect(verdict).toMatchObject({ kind: "hopeless", code: "STOP_ONLY", inputs: { device: "gpu", proof: true } });
    expect(verdict.thresholds).toEqual({ downtimeLimitMs: 300 });
    expect(verdict.sentence).toMatch(
      /^gpu can send 1 GB only once it is stopped; all that takes at least 97\d ms at 1 GB\/s, and the limit is 300 ms\. A limit of [\d.]+ s would do, or about [\d.]+ GB\/s\.$/,
    );
  });

  test("C1: is not said on an estimate", () => {
    const estimate = seen({ devices: [device("gpu", { stopcopyBytes: GB })] });
    expect(over(gigabyteLink, [estimate]).verdict.code).toBe("CONVERGING");
  });

  test("C1: takes a second exact figure where it is within 15 % of the limit", () => {
    // 97 % of 315 MB, and 31.6 ms of fixed costs less two standard deviations of 12 ms.
    const near = exact(device("gpu", { stopcopyBytes: 315 * MB }));
    expect(codesOver(gigabyteLink, [near, near])).toEqual(["CONVERGING", "STOP_ONLY"]);
    expect(codesOver(gigabyteLink, [exact(device("gpu", { stopcopyBytes: 380 * MB }))])).toEqual(["STOP_ONLY"]);
    const fits = exact(device("gpu", { stopcopyBytes: 295 * MB }));
    expect(codesOver(gigabyteLink, [fits, fits, fits])).not.toContain("STOP_ONLY");
  });

  test("C1: is said of the devices' own times where there are no such bytes, whether the link is known or not", () => {
    for (const policy of [gigabyteLink, unknownLink]) {
      const { verdict } = over(policy, [exact(device("gpu", { fixedMs: 900 }), device("ram"))]);
      expect(verdict).toMatchObject({
        kind: "hopeless",
        code: "FIXED_COSTS",
        inputs: { device: "gpu", ownMs: 900, proof: true },
      });
      expect(verdict.sentence).toMatch(
        /^gpu needs 900 ms of its own to stop, load and start, and with the round trips the downtime is at least 6\d\d ms whatever the bandwidth; the limit is 300 ms\.$/,
      );
    }
  });

  test("C1: a declared time within its usual error of the limit is not hopeless", () => {
    expect(firstVerdict(device("gpu", { fixedMs: 400 })).kind).not.toBe("hopeless");
  });

  test("C1: a slow device's own rate counts, however fast the link", () => {
    const verdict = firstVerdict(device("gpu", { stopcopyBytes: 200 * MB, bytesPerSec: 200 * MB }));
    expect(verdict).toMatchObject({ code: "STOP_ONLY", inputs: { proof: true } });
    const unknown = over(unknownLink, [
      seen({
        wireBytes: GB,
        busyMs: 1_000,
        devices: [device("gpu", { stopcopyBytes: 200 * MB, bytesPerSec: 200 * MB })],
        exact: exactly(),
      }),
    ]);
    expect(unknown.verdict).toMatchObject({ code: "STOP_ONLY", inputs: { proof: true } });
    expect(unknown.verdict.sentence).toContain("whatever the bandwidth");
    expect(unknown.verdict.inputs).not.toHaveProperty("bytesPerSec");
  });

  test("C1: names the device with the most of it, in any order", () => {
    const devices = [device("a", { stopcopyBytes: MB }), device("gpu", { stopcopyBytes: GB }), device("z")];
    for (const order of [devices, devices.toReversed()])
      expect(over(gigabyteLink, [exact(...order)]).verdict.inputs["device"]).toBe("gpu");
  });
});

describe("C1: what only the stop can do, at the best bandwidth that was measured", () => {
  const blob = (count: number) =>
    reports({
      count,
      everyMs: 250,
      ram: () => ({ precopyBytes: 50 * GB }),
      rounds: () => 0,
      gpu: () => ({ stopcopyBytes: GB }),
    });

  test("C1: takes three exact figures in a row once enough was measured, and is no proof", () => {
    expect(codesOver(unknownLink, blob(17))).not.toContain("STOP_ONLY");
    expect(over(unknownLink, blob(18)).verdict).toMatchObject({
      kind: "hopeless",
      code: "STOP_ONLY",
      inputs: { device: "gpu", proof: false },
    });
  });

  test("C1: a figure in between that fits begins the count anew", () => {
    const shrunk = reports({
      count: 20,
      everyMs: 250,
      ram: () => ({ precopyBytes: 50 * GB }),
      rounds: () => 0,
      gpu: (index) => ({ stopcopyBytes: index % 3 === 2 ? 0 : GB }),
    });
    expect(codesOver({ ...unknownLink, downtimeLimitMs: 900 }, shrunk)).not.toContain("STOP_ONLY");
  });

  test("C1: what was measured under a cap of one's own says nothing against stop-only bytes", () => {
    const capped = { ...unknownLink, capBytesPerSec: 10 * MB, reservedBytesPerSec: GB };
    const slow = reports({
      count: 40,
      bytesPerSec: 10 * MB,
      ram: () => ({ precopyBytes: GB }),
      rounds: () => 0,
      gpu: () => ({ stopcopyBytes: 50 * MB }),
    });
    expect(codesOver(capped, slow)).not.toContain("STOP_ONLY");
  });

  test("C13: what looks too much by ten estimates in a row is worth asking about exactly", () => {
    const estimates = reports({
      count: 40,
      everyMs: 250,
      exact: false,
      ram: () => ({ precopyBytes: 500 * GB }),
      rounds: () => 0,
      gpu: () => ({ stopcopyBytes: GB }),
    });
    const [first = exact(), ...rest] = estimates;
    const asked = (count: number) =>
      over(unknownLink, [{ ...first, exact: exactly() }, ...rest.slice(0, count)]).askExact;
    // The fifteenth slice comes with the fifteenth of these; the first pass is long, so that no probe is due.
    expect([14, 23, 24].map(asked)).toEqual([false, false, true]);
  });
});

describe("C1: what may become less again", () => {
  test("C1: nothing is said while a device may still shrink", () => {
    expect(firstVerdict(device("gpu", { stopcopyBytes: GB, mayShrink: true })).kind).not.toBe("hopeless");
    const shrinking = reports({ count: 5, gpu: () => ({ stopcopyBytes: GB, mayShrink: true }) });
    expect(codesOver(gigabyteLink, shrinking)).not.toContain("STOP_ONLY");
  });

  const jumping = (bytes: (index: number) => number, count: number) =>
    codesOver(
      gigabyteLink,
      reports({
        count,
        ram: () => ({ precopyBytes: 5 * GB }),
        rounds: () => 0,
        gpu: (index) => ({ stopcopyBytes: bytes(index) }),
      }),
    ).indexOf("STOP_ONLY");

  test("C1: stop-only bytes that fitted before and jumped get the time of a plateau to go back", () => {
    // It jumps at 10 s. During the first pass the time is 0.75 of what has passed, 8 s at the least.
    expect(jumping((index) => (index < 10 ? 100 * MB : GB), 40)).toBeGreaterThanOrEqual(18);
    expect(jumping((index) => (index < 10 ? 100 * MB : GB), 60)).toBeGreaterThan(0);
    expect(jumping((index) => (index < 10 || index > 14 ? 100 * MB : GB), 60)).toBe(-1);
  });

  test("C1: what grew by 15 % or less since it fitted is no jump", () => {
    expect(jumping((index) => (index < 10 ? 300 * MB : 330 * MB), 20)).toBe(11);
  });

  test("C1: what never fitted gets no time", () => {
    expect(jumping(() => GB, 20)).toBe(0);
  });
});
