import { expect, test } from "vitest";
import { GB, MB, seeded } from "../../test/figures.ts";
import { type FluidGuest, fluidHosts, move } from "../../test/fluid.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { Policy } from "./policy.ts";

/** 8 GB of memory, 2 GB of which are written over and over: it settles at some 1.5 GB, far above 300 ms at 1 GB/s. */
const busyGuest: FluidGuest = {
  totalBytes: 8 * GB,
  hotBytes: 2 * GB,
  ratePerSec: 2,
  bytesPerSec: GB,
  hidesWrites: false,
  syncMs: 5,
  seed: 1,
};
const policy: Policy = { ...gigabyteLink, ...fluidHosts, linkBytesPerSec: 1.06 * GB, deadlineMs: 600_000 };
const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

function guests(): FluidGuest[] {
  return seeds.map((seed) => {
    const random = seeded(seed);
    const bytesPerSec = GB * (0.5 + 4 * random());
    const hotBytes = bytesPerSec * (0.8 + 2 * random());
    const ratePerSec = ((1.5 + 3 * random()) * bytesPerSec) / hotBytes;
    return { ...busyGuest, bytesPerSec, totalBytes: 4 * hotBytes, hotBytes, ratePerSec, seed };
  });
}

function policyOf({ bytesPerSec }: FluidGuest): Policy {
  return { ...policy, linkBytesPerSec: 1.06 * bytesPerSec };
}

function figure(inputs: Record<string, unknown> | undefined, name: string): number {
  const value = inputs?.[name];
  if (typeof value !== "number") throw new Error(`The verdict names no ${name}`);
  return value;
}

test("C6: the limit that is said to do does", () => {
  const failed = guests().flatMap((guest) => {
    const { ended, verdict } = move(guest, policyOf(guest), 600_000);
    expect(ended).toBe("giveUp");
    const downtimeLimitMs = figure(verdict?.inputs, "needLimitMs");
    const again = move(guest, { ...policyOf(guest), downtimeLimitMs }, 600_000);
    return again.ended === "switchOver" && again.trueDowntimeMs <= downtimeLimitMs ? [] : [{ downtimeLimitMs, again }];
  });
  expect(failed).toEqual([]);
});

test("C10: a moment without sending shows the working set, and how fast it is written, to within a fifth", () => {
  const wrong = guests().filter((guest) => {
    const { modes, verdict } = move(guest, { ...policyOf(guest), diagnose: true }, 600_000);
    expect([...modes]).toContain("diagnosing");
    const bytes = figure(verdict?.inputs, "workingSetBytes");
    const perSec = figure(verdict?.inputs, "writtenBytesPerSec") / bytes;
    return Math.abs(bytes / guest.hotBytes - 1) > 0.2 || Math.abs(perSec / guest.ratePerSec - 1) > 0.2;
  });
  expect(wrong).toEqual([]);
});

test("C10: of bandwidth about as much as is said, or a guest slowed about as much, mostly does", () => {
  const tries = guests().map((guest) => {
    const { verdict } = move(guest, { ...policyOf(guest), diagnose: true }, 600_000);
    const bytesPerSec = figure(verdict?.inputs, "needBytesPerSec");
    const share = figure(verdict?.inputs, "needThrottle");
    const faster = { ...guest, bytesPerSec };
    const slower = { ...guest, ratePerSec: guest.ratePerSec * (1 - share) };
    return {
      byBandwidth: move(faster, policyOf(faster), 600_000).ended === "switchOver",
      byThrottle: move(slower, policyOf(slower), 600_000).ended === "switchOver",
    };
  });
  expect(tries.filter(({ byBandwidth }) => byBandwidth).length).toBeGreaterThan(0.7 * tries.length);
  expect(tries.filter(({ byThrottle }) => byThrottle).length).toBeGreaterThan(0.5 * tries.length);
});

test("C7, C10: under a cap it is the cap that is named, and once the cap is lifted the guest moves", () => {
  const guest = { ...busyGuest, ratePerSec: 0.2 };
  const capped = { ...policy, capBytesPerSec: 150 * MB, deadlineMs: 3_600_000 };
  const alone = move(guest, capped, 3_600_000);
  expect(alone).toMatchObject({
    ended: "giveUp",
    verdict: { kind: "needsMore", inputs: { capBytesPerSec: 150 * MB } },
  });
  const helped = move(guest, { ...capped, ladder: [{ remedy: "bandwidth" }] }, 3_600_000);
  expect(helped.remedies.map(({ rung }) => rung)).toEqual(["bandwidth"]);
  expect(helped.ended).toBe("switchOver");
  expect(helped.trueDowntimeMs).toBeLessThanOrEqual(300);
});

test("C10: a longer downtime is what the ladder allows, and no more than the guest needs", () => {
  const outcome = move(busyGuest, { ...policy, ladder: [{ remedy: "downtimeLimit", maxMs: 10_000 }] }, 600_000);
  expect(outcome.ended).toBe("switchOver");
  expect(outcome.remedies.map(({ rung }) => rung)).toEqual(["downtimeLimit"]);
  const [limitMs = 0] = outcome.remedies.map(({ change }) => change.downtimeLimitMs ?? 0);
  expect(outcome.trueDowntimeMs).toBeLessThanOrEqual(limitMs);
  expect(limitMs).toBeLessThan(1.4 * outcome.trueDowntimeMs);
  const low = move(busyGuest, { ...policy, ladder: [{ remedy: "downtimeLimit", maxMs: 900 }] }, 600_000);
  expect(low).toMatchObject({ ended: "giveUp", remedies: [] });
});

test("C10: a guest that may be slowed down is, step by step, until it fits", () => {
  const rules: Policy = {
    ...policy,
    diagnose: true,
    canThrottle: true,
    ladder: [{ remedy: "throttle", maxShare: 0.95 }],
  };
  const outcome = move(busyGuest, rules, 600_000);
  expect(outcome.ended).toBe("switchOver");
  expect(outcome.trueDowntimeMs).toBeLessThanOrEqual(300);
  const shares = outcome.remedies.map(({ change }) => change.throttle ?? 0);
  expect(shares.length).toBeGreaterThan(0);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(move(busyGuest, { ...rules, canThrottle: false }, 600_000)).toMatchObject({ ended: "giveUp", remedies: [] });
});

test("C10: at the ladder's end a forced switchover comes at a low of the predicted downtime", () => {
  const isActive = (atMs: number) => atMs % 6_000 < 5_000;
  const outcome = move({ ...busyGuest, isActive }, { ...policy, ladder: [{ remedy: "force" }] }, 600_000);
  expect(outcome.ended).toBe("switchOver");
  expect(outcome.remedies.map(({ rung }) => rung)).toEqual(["force"]);
  const steady = move(busyGuest, policy, 600_000);
  expect(outcome.trueDowntimeMs).toBeLessThan(steady.trueDowntimeMs);
});

test("C10: where the history shows quiet periods one is waited for, and found; without a history it is given up", () => {
  // Two minutes busy, one quiet.
  const isActive = (atMs: number) => atMs % 180_000 < 120_000;
  const history = Array.from({ length: 54 }, (_, index) => (index % 18 < 12 ? 1 : 0.01));
  const guest = { ...busyGuest, isActive };
  expect(move(guest, policy, 600_000).ended).toBe("giveUp");
  const waiting = move(guest, { ...policy, history }, 600_000);
  expect([...waiting.modes]).toContain("watching");
  expect(waiting.ended).toBe("switchOver");
  expect(waiting.trueDowntimeMs).toBeLessThanOrEqual(300);
  expect(waiting.sentBytes).toBeLessThan(5 * guest.totalBytes);
});
