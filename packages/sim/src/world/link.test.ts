import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Link } from "./link.ts";

/** Bytes that a link of one value per 0.1 s carries, summed in small slices. */
function carried(link: Link, fromSec: number, sec: number): number {
  const slices = 2000;
  const sliceSec = sec / slices;
  let bytes = 0;
  for (let slice = 0; slice < slices; slice++) bytes += link.at(fromSec + (slice + 0.5) * sliceSec) * sliceSec;
  return bytes;
}

test("what a link takes for some bytes is the time in which it carries them", () => {
  const speeds = fc.array(fc.integer({ min: 10, max: 1000 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(
      speeds,
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.integer({ min: 1, max: 2000 }),
      (values, from, bytes) => {
        const link = new Link(Float32Array.from(values));
        const tookSec = link.secondsFor(bytes, from);
        expect(carried(link, from, tookSec) / bytes).toBeCloseTo(1, 1);
      },
    ),
  );
});

test("a stretch without any bandwidth is waited out", () => {
  const link = new Link(Float32Array.from([...Array<number>(10).fill(100), ...Array<number>(20).fill(0), 100]));
  expect(link.secondsFor(50, 0)).toBeCloseTo(0.5, 9);
  expect(link.secondsFor(150, 0)).toBeCloseTo(3.5, 9);
  expect(link.secondsFor(10, 1.25)).toBeCloseTo(1.85, 9);
});

test("no bytes take no time", () => {
  expect(new Link(Float32Array.of(0)).secondsFor(0, 3)).toBe(0);
  const dead = new Link(Float32Array.of(1e9, 0));
  expect(dead.secondsFor(1e-12, 5)).toBe(0);
});

test("what happens within two minutes is foreseen, and what happens later is not", () => {
  const turnsAt = (sec: number) => new Link(new Float32Array(3000).fill(100).fill(200, sec * 10));
  expect(turnsAt(60).secondsFor(12_000, 0)).toBeCloseTo(90, 6);
  expect(turnsAt(150).secondsFor(20_000, 0)).toBeCloseTo(200, 6);
});

test("after its series and beyond two minutes ahead a link stays as it is", () => {
  expect(new Link(Float32Array.of(200, 100)).secondsFor(1020, 0)).toBeCloseTo(10.1, 6);
  expect(new Link(Float32Array.of(100)).secondsFor(100_000, 7)).toBeCloseTo(1000, 6);
});
