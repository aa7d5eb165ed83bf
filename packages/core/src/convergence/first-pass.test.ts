import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { Span } from "./dirty.ts";
import { type FirstPass, beginFirstPass, follow, isVariable, withActivity } from "./first-pass.ts";
import type { Observation } from "./observation.ts";

function at(nowMs: number) {
  return { nowMs, sourceMs: nowMs, silentMs: 0 };
}

function sent(sentBytes: number, precopyBytes: number, more: Partial<Observation> = {}): Observation {
  return seen({ devices: [device("ram", { precopyBytes, sentBytes })], ...more });
}

const begun = beginFirstPass(sent(0, 8 * GB), gigabyteLink);

describe("the first pass", () => {
  test("has to send what is said to be there, or else what the first figures tell", () => {
    expect(begun.sizeBytes).toBe(8 * GB);
    expect(beginFirstPass(sent(2 * GB, 6 * GB), gigabyteLink).sizeBytes).toBe(8 * GB);
    expect(beginFirstPass(sent(0, 8 * GB), { ...gigabyteLink, sizeBytes: 9 * GB }).sizeBytes).toBe(9 * GB);
  });

  test("is over when every device has ended a pass or has nothing to move", () => {
    const ram = { precopyBytes: 8 * GB };
    const done = (devices: Observation["devices"]) => follow(begun, seen({ devices }), at(500), true).doneMs;
    expect(done([device("ram", { ...ram, rounds: 1 }), device("disk", { ...ram, rounds: 1 })])).toBe(500);
    expect(done([device("ram", { ...ram, rounds: 1 }), device("gpu", { stopcopyBytes: GB })])).toBe(500);
    expect(done([device("ram", { ...ram, rounds: 1 }), device("disk", ram)])).toBeUndefined();
  });

  test("is over when all of it was sent once by exact figures, or next to nothing is left", () => {
    const exact = exactly();
    expect(follow(begun, sent(7.99 * GB, GB, { exact }), at(500), true).doneMs).toBe(500);
    expect(follow(begun, sent(7.97 * GB, GB, { exact }), at(500), true).doneMs).toBeUndefined();
    expect(follow(begun, sent(9 * GB, GB), at(500), true).doneMs).toBeUndefined();
    expect(follow(begun, sent(GB, 100_000), at(500), true).doneMs).toBe(500);
    expect(follow(begun, sent(GB, 100_001), at(500), true).doneMs).toBeUndefined();
  });

  test("ends once, and stays ended", () => {
    const ended = follow(begun, sent(GB, 0), at(500), true);
    expect(follow(ended, sent(GB, 5 * GB), at(900), true).doneMs).toBe(500);
  });

  test("C12: adds up what was sent over counters that began anew", () => {
    const one = follow(begun, sent(3 * GB, 5 * GB), at(100), true);
    const anew = follow(one, sent(GB, 5 * GB, { epoch: 1 }), at(200), true);
    expect(anew.sentBytes).toBe(3 * GB);
    expect(follow(anew, sent(2 * GB, 4 * GB, { epoch: 1 }), at(300), true).sentBytes).toBe(4 * GB);
    expect(follow(one, sent(GB, 5 * GB), at(200), true).sentBytes).toBe(3 * GB);
  });
});

describe("C6: whether the guest is written in bursts", () => {
  const written = (bytesPerSec: number): Span => ({
    overMs: 1_000,
    writtenBytes: bytesPerSec,
    hiddenBytes: 0,
    sentBytes: 0,
  });
  const halfClean = sent(4 * GB, 4 * GB);
  const after = (rates: number[], pass: FirstPass = begun) =>
    rates.reduce((before, rate) => withActivity(before, written(rate), halfClean), pass);

  test("is told by what is written of what is clean, while the first pass lasts", () => {
    expect(after([100 * MB]).activity).toEqual([200 * MB]);
    expect(after([100 * MB], { ...begun, doneMs: 1 }).activity).toEqual([]);
    expect(withActivity(begun, { ...written(MB), overMs: 300 }, halfClean).activity).toEqual([]);
    expect(withActivity(begun, undefined, halfClean).activity).toEqual([]);
    // Of hardly any clean bytes a twentieth is taken to be clean.
    expect(withActivity(begun, written(MB), sent(0, 8 * GB)).activity).toEqual([20 * MB]);
  });

  test("it is where a tenth of five spans or more is less than three fifths of the median", () => {
    expect(isVariable(after([100, 100, 10, 100]))).toBe(false);
    expect(isVariable(after([100, 100, 10, 100, 100]))).toBe(true);
    expect(isVariable(after([100, 90, 70, 100, 110]))).toBe(false);
  });

  test("at most 64 spans are kept", () => {
    expect(after(Array.from({ length: 200 }, (_, index) => index)).activity.length).toBe(64);
  });
});
