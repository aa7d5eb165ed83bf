import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WriteThrottle } from "./write-throttle.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client that writes as often as it is let, one write after the other. */
class Greedy {
  written = 0;
  readonly #throttle: WriteThrottle;
  readonly #go = () => this.write();

  constructor(throttle: WriteThrottle) {
    this.#throttle = throttle;
  }

  write(): void {
    while (this.#throttle.admit()) this.written += 1;
    this.#throttle.wait(this.#go);
  }
}

/** So many writes a second for a time, a few at once. */
function usual(throttle: WriteThrottle, perSec: number, seconds: number): void {
  for (let ms = 0; ms < seconds * 1000; ms += 20) {
    throttle.tick();
    for (let write = 0; write < perSec / 50; write += 1) expect(throttle.admit()).toBe(true);
    vi.advanceTimersByTime(20);
  }
}

test("a throttled device lets through its share of the writes of the last seconds and never more, however many want to", () => {
  const throttle = new WriteThrottle();
  usual(throttle, 9000, 5);
  usual(throttle, 1000, 5);
  throttle.throttle(0.75);
  expect(throttle.limitPerSec).toBeCloseTo(250, -1);
  const clients = [new Greedy(throttle), new Greedy(throttle), new Greedy(throttle)];
  for (const client of clients) client.write();
  for (let second = 1; second <= 10; second += 1) {
    vi.advanceTimersByTime(1000);
    const written = clients.reduce((sum, client) => sum + client.written, 0);
    expect(written).toBeLessThanOrEqual(255 * second + 6);
    expect(written).toBeGreaterThan(240 * second - 6);
  }
  const least = Math.min(...clients.map(({ written }) => written));
  expect(least).toBeGreaterThan(700);
});

test("another share is of the same writes: those of before it was first throttled", () => {
  const throttle = new WriteThrottle();
  usual(throttle, 1000, 5);
  throttle.throttle(0.5);
  const client = new Greedy(throttle);
  client.write();
  vi.advanceTimersByTime(20_000);
  throttle.throttle(0.9);
  expect(throttle.limitPerSec).toBeCloseTo(100, -1);
  throttle.throttle(0.9);
  const before = client.written;
  vi.advanceTimersByTime(10_000);
  expect(client.written - before).toBeLessThanOrEqual(1050);
  expect(client.written - before).toBeGreaterThan(900);
});

test("at the end everybody who waits goes on at once, and the next throttle measures anew", () => {
  const throttle = new WriteThrottle();
  usual(throttle, 2000, 5);
  throttle.throttle(0.99);
  let called = 0;
  for (let client = 0; client < 50; client += 1) throttle.wait(() => (called += 1));
  throttle.throttle(0);
  expect([called, throttle.limitPerSec]).toEqual([50, undefined]);
  throttle.throttle(0.5);
  // It has shown nothing of itself yet since it was let go.
  expect(throttle.limitPerSec).toBeCloseTo(1000, -2);
  throttle.throttle(0);
  usual(throttle, 400, 2);
  throttle.throttle(0.5);
  expect(throttle.limitPerSec).toBeCloseTo(200, -1);
});

test("one that has just begun to serve is taken at what it has shown, and an idle one still gets a write a second", () => {
  const young = new WriteThrottle();
  vi.advanceTimersByTime(60_000);
  young.begin();
  usual(young, 5000, 0.5);
  young.throttle(0.5);
  expect(young.limitPerSec).toBeCloseTo(2500, -2);
  const idle = new WriteThrottle();
  usual(idle, 5000, 1);
  vi.advanceTimersByTime(70_000);
  idle.throttle(0.5);
  const client = new Greedy(idle);
  client.write();
  vi.advanceTimersByTime(10_000);
  expect(client.written).toBe(10);
});

test("one that rests a moment is let a share of at least a tenth of what it did over the last minute", () => {
  const resting = new WriteThrottle();
  usual(resting, 1000, 10);
  vi.advanceTimersByTime(10_000);
  resting.throttle(0.5);
  expect(resting.limitPerSec).toBeCloseTo(25, 0);
});

test("who has gone is not called, and clearing calls nobody", () => {
  const throttle = new WriteThrottle();
  throttle.throttle(0.5);
  const called: string[] = [];
  const gone = () => void called.push("gone");
  throttle.wait(gone);
  throttle.wait(() => void (throttle.admit() && called.push("stays")));
  throttle.leave(gone);
  vi.advanceTimersByTime(1000);
  expect(called).toEqual(["stays"]);
  throttle.wait(() => void called.push("cleared"));
  throttle.clear();
  vi.advanceTimersByTime(3000);
  expect(called).toEqual(["stays"]);
  expect(vi.getTimerCount()).toBe(0);
  expect(throttle.admit()).toBe(true);
});

test("who comes while others wait does not go before them", () => {
  const throttle = new WriteThrottle();
  usual(throttle, 100, 5);
  throttle.throttle(0.9);
  throttle.wait(() => throttle.admit());
  const late = new Greedy(throttle);
  vi.advanceTimersByTime(99);
  late.write();
  expect(late.written).toBe(0);
  vi.advanceTimersByTime(150);
  expect(late.written).toBeGreaterThan(0);
});
