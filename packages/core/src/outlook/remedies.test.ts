import { expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import { plainLimits } from "../../test/policies.ts";
import type { Rung } from "../convergence/policy.ts";
import { foreseenRemedies, type Means } from "./remedies.ts";

const means: Means = {
  devices: [
    { name: "files", kind: "virtiofs", canThrottle: false },
    { name: "machine", kind: "qemu", canThrottle: true },
  ],
  linkBytesPerSec: GB,
};

function foreseen(rung: Rung, over: Partial<typeof plainLimits> = {}, has = means) {
  const [remedy, ...others] = foreseenRemedies({ ...plainLimits, ...over, ladder: [rung] }, has);
  expect(others).toEqual([]);
  return remedy;
}

test("C10: each remedy has a budget before anything moves, in the order of the ladder", () => {
  const ladder: Rung[] = [
    { remedy: "bandwidth", maxBytesPerSec: 200 * MB },
    { remedy: "downtimeLimit", maxMs: 2_000 },
    { remedy: "throttle", maxShare: 0.5 },
    { remedy: "force", maxMs: 8_000 },
  ];
  const all = foreseenRemedies({ ...plainLimits, bandwidthBytesPerSec: 50 * MB, ladder }, means);
  expect(all.map(({ usable, most }) => ({ usable, most }))).toEqual([
    { usable: true, most: { bytesPerSec: 200 * MB } },
    { usable: true, most: { pauseMs: 2_000 } },
    { usable: true, most: { lostShare: 0.5 } },
    { usable: true, most: { pauseMs: 8_000 } },
  ]);
  expect(all.map(({ sentence }) => sentence)).toEqual([
    "bandwidth: up to 200 MB/s of the link instead of 50 MB/s; it costs the guest nothing.",
    "downtime: in steps from 300 ms to at most 2 s; it costs the guest a pause of that, once.",
    "throttle: the guest loses up to 50 % of its speed until the switchover or the end.",
    "force: it is switched over whatever the limit; it costs the guest a pause, where it is predicted to be at most 8 s.",
  ]);
});

test("C10: without a figure bandwidth may take what the link has, and a forced switchover has no bound", () => {
  const capped = { bandwidthBytesPerSec: 50 * MB };
  expect(foreseen({ remedy: "bandwidth" }, capped)?.most).toEqual({ bytesPerSec: GB });
  expect(foreseen({ remedy: "bandwidth" }, capped, { ...means, linkBytesPerSec: undefined })?.most).toEqual({});
  expect(foreseen({ remedy: "force" })?.most).toEqual({});
});

test("C10: what would be passed over says why, and names the device that stands against it", () => {
  expect(foreseen({ remedy: "postcopy" })).toEqual({
    remedy: "postcopy",
    usable: false,
    code: "POSTCOPY_UNSUPPORTED",
    device: "files",
    sentence: "Postcopy is passed over: files (virtiofs) cannot go on at the destination before all of it is there.",
    most: {},
  });
  const none = { ...means, devices: means.devices.map((device) => ({ ...device, canThrottle: false })) };
  expect(foreseen({ remedy: "throttle", maxShare: 0.5 }, {}, none)).toMatchObject({
    usable: false,
    code: "THROTTLE_UNSUPPORTED",
    device: "files",
  });
  expect(foreseen({ remedy: "bandwidth" })).toMatchObject({ usable: false, code: "NO_HIGHER_CAP" });
  expect(foreseen({ remedy: "downtimeLimit", maxMs: 300 })).toMatchObject({ usable: false, code: "NO_LONGER_LIMIT" });
});
