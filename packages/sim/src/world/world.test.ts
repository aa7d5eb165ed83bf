import { expect, test } from "vitest";
import {
  askExactly,
  plain,
  plainBytesPerSec,
  plainDevice,
  plainFixedMs,
  saturating,
  sendOut,
} from "../support/plain.ts";
import { World } from "./world.ts";

const written = [{ bytes: 1e9, writesPerSec: 0.3 }];

test("an exact query makes known what was hidden, and costs its time, in which nothing is sent", () => {
  const world = new World(plain({ regions: written, syncMs: 30 }));
  world.step(500);
  world.capBytesPerSec = 0;
  const { hiddenBytes, knownBytes } = world.ram;
  const { wireBytes, busyMs } = world;
  expect(hiddenBytes).toBeGreaterThan(1e7);
  world.requestExact();
  world.step(29);
  expect(world.inSync).toBe(true);
  expect(world.lastExact).toBeUndefined();
  world.step(1.001);
  expect(world.inSync).toBe(false);
  expect(world.lastExact).toMatchObject({ sequence: 1, syncMs: 30 });
  expect(world.lastExact?.atMs).toBeCloseTo(530, 3);
  expect(world.syncedMs).toBeCloseTo(30, 3);
  expect([world.wireBytes, world.busyMs]).toEqual([wireBytes, busyMs]);
  expect(world.ram.knownBytes - knownBytes).toBeGreaterThan(hiddenBytes);
  expect(world.ram.hiddenBytes).toBeLessThan(1e4);
});

test("a step that outlasts the exact query sends for the rest of it", () => {
  const world = new World(plain({ syncMs: 30 }));
  world.requestExact();
  world.step(50);
  expect(world.wireBytes / plainBytesPerSec).toBeCloseTo(0.02, 6);
  expect(world.busyMs).toBeCloseTo(20, 3);
});

test("a second request while one is under way asks nothing more", () => {
  const world = new World(plain());
  world.requestExact();
  world.requestExact();
  world.step(50);
  expect([world.exactQueries, world.lastExact?.sequence]).toEqual([1, 1]);
});

test("exact queries cost within ten per cent of what they should", () => {
  const world = new World(plain({ syncMs: 30 }));
  const costs = Array.from({ length: 40 }, () => askExactly(world).lastExact?.syncMs ?? 0);
  expect(Math.min(...costs)).toBeGreaterThanOrEqual(27);
  expect(Math.max(...costs)).toBeLessThanOrEqual(33);
  expect(new Set(costs).size).toBe(40);
});

test("stopping a guest with nothing dirty costs just the fixed part", () => {
  const world = sendOut(new World(plain()), 2000);
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs, 9);
});

test("what is dirty costs its time on the link, whether it is known or not", () => {
  const world = new World(plain({ regions: written }));
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + 1000, 6);
  sendOut(world, 2000);
  const dirtyBytes = world.ram.knownBytes + world.ram.hiddenBytes;
  expect(dirtyBytes).toBeGreaterThan(1e7);
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + (dirtyBytes / plainBytesPerSec) * 1000, 6);
});

test("the true downtime goes by the link as it will be, not as it is", () => {
  const link = new Float32Array(3000).fill(plainBytesPerSec).fill(plainBytesPerSec / 2, 5);
  const world = new World(plain({ hidden: { link } }));
  // Sending begins 11 ms after the stop: 489 ms at the full rate, the rest at half of it.
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + 489 + 2 * 511, 3);
});

test("looking at the truth changes nothing", () => {
  const device = plainDevice("vfio", { stopOnly: { shape: "learning", fromBytes: 4e8, toBytes: 1e8, tauSec: 2 } });
  const scenario = plain({ regions: written, devices: [device] });
  const [watched, alone] = [new World(scenario), new World(scenario)];
  for (let turn = 0; turn < 100; turn++) {
    watched.trueDowntimeMs();
    for (const world of [watched, alone]) world.step(50);
  }
  for (const world of [watched, alone]) askExactly(world).step(3000);
  expect(watched.trueDowntimeMs()).toBe(alone.trueDowntimeMs());
});

test("duty, cap and throttle do what they say", () => {
  const sent = (set: (world: World) => void) => {
    const world = new World(plain());
    set(world);
    world.step(500);
    return world.wireBytes / plainBytesPerSec;
  };
  expect(sent(() => {})).toBeCloseTo(0.5, 6);
  expect(sent((world) => (world.duty = 0.2))).toBeCloseTo(0.1, 6);
  expect(sent((world) => (world.duty = 0))).toBe(0);
  expect(sent((world) => (world.capBytesPerSec = plainBytesPerSec / 4))).toBeCloseTo(0.125, 6);

  const region = { bytes: 3e9, writesPerSec: 1 };
  const world = new World(plain({ regions: [region] }));
  world.throttle = 0.5;
  sendOut(world, 60_000);
  const settledBytes = region.bytes - plainBytesPerSec / (0.5 * region.writesPerSec);
  expect((world.ram.knownBytes + world.ram.hiddenBytes) / settledBytes).toBeCloseTo(1, 1);
});

test("the cap is lifted at the switchover", () => {
  const world = new World(plain({ capBytesPerSec: plainBytesPerSec / 10 }));
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + 1000, 6);
});

test("a probe before the start tells the distinct bytes written in a window, within five per cent", () => {
  const world = new World(plain({ regions: saturating(1000) }));
  const [{ bytes, writesPerSec } = { bytes: 0, writesPerSec: 0 }] = saturating(1000);
  for (const windowMs of [50, 500, 5000]) {
    const truth = bytes * (1 - Math.exp((-writesPerSec * windowMs) / 1000));
    expect(Math.abs(world.uniqueDirtyBytes(windowMs) / truth - 1)).toBeLessThanOrEqual(0.05);
  }
});
