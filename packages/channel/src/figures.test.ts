import { expect, test } from "vitest";
import { BusyClock } from "./busy-clock.ts";
import { RoundTrip } from "./round-trip.ts";

test("busy time is the sum of the spans in which there was something to do, the present one included", () => {
  const clock = new BusyClock();
  expect(clock.totalMs(5)).toBe(0);
  clock.set(true, 10);
  clock.set(true, 12);
  expect(clock.totalMs(15)).toBe(5);
  clock.set(false, 20);
  clock.set(false, 25);
  expect(clock.totalMs(30)).toBe(10);
  clock.set(true, 40);
  expect(clock.totalMs(41)).toBe(11);
});

test("a round trip is smoothed by an eighth, and its least is kept", () => {
  const trip = new RoundTrip();
  expect(trip.figures).toBeUndefined();
  trip.answered(trip.begin(100), 110);
  expect(trip.figures).toEqual({ smoothed: 10, min: 10 });
  trip.answered(trip.begin(200), 202);
  expect(trip.figures).toEqual({ smoothed: 9, min: 2 });
});

test("the answer to a ping that was given up counts for nothing", () => {
  const trip = new RoundTrip();
  const former = trip.begin(0);
  const present = trip.begin(1000);
  trip.answered(former, 1001);
  expect(trip.isOpen).toBe(true);
  trip.answered(present, 1003);
  expect(trip.figures).toEqual({ smoothed: 3, min: 3 });
  expect(trip.isOpen).toBe(false);
});
