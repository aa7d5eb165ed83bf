import { expect, test } from "vitest";
import { askExactly, plain, plainBytesPerSec, plainDevice, plainFixedMs, sendOut } from "../support/plain.ts";
import { World } from "./world.ts";

const nothing = { shape: "growing", bytes: 0, bytesPerSec: 0, jumpBytes: 0, jumpAtSec: Infinity } as const;

test("a device's stop-only bytes are known once they were asked for, and are part of the downtime before that", () => {
  const world = new World(plain({ devices: [plainDevice("vfio", { stopOnly: { ...nothing, bytes: 2e8 } })] }));
  world.step(2000);
  expect(world.devices[0]?.stopOnlyBytes).toBe(0);
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + 200, 6);
  askExactly(world);
  expect(world.devices[0]?.stopOnlyBytes).toBe(2e8);
});

test("a device that reads its state more slowly than the link holds the downtime up, with its saving and loading", () => {
  const stopOnly = { ...nothing, bytes: 2e8 };
  const slow = plainDevice("daemon", { saveMs: 15, loadMs: 40, bytesPerSec: plainBytesPerSec / 2, stopOnly });
  const world = new World(plain({ devices: [slow] }));
  world.step(2000);
  expect(world.trueDowntimeMs()).toBeCloseTo(plainFixedMs + 15 + 400 + 40, 6);
});

test("loads add up where the destination does not load side by side", () => {
  const devices = [10, 30, 20].map((loadMs) => plainDevice("daemon", { loadMs, stopOnly: nothing }));
  const downtime = (parallelLoad: boolean) => {
    const world = new World(plain({ devices, parallelLoad }));
    world.step(2000);
    return world.trueDowntimeMs();
  };
  expect(downtime(true)).toBeCloseTo(plainFixedMs + 30, 6);
  expect(downtime(false)).toBeCloseTo(plainFixedMs + 60, 6);
});

test("devices get at most three tenths of the link while RAM has work, and all of it afterwards", () => {
  const device = plainDevice("vfio", { initialBytes: 1e9, stopOnly: nothing });
  const world = new World(plain({ devices: [device] }));
  world.step(1000);
  expect((world.devices[0]?.sentBytes ?? 0) / plainBytesPerSec).toBeCloseTo(0.3, 6);
  expect(world.ram.sentBytes / plainBytesPerSec).toBeCloseTo(0.7, 6);
  world.step(1050);
  expect(world.devices[0]).toMatchObject({ knownBytes: 0, initialLeftBytes: 0, sentBytes: 1e9 });
});

test("a device loads slowly until its initial bytes have moved", () => {
  const device = plainDevice("vfio", { initialBytes: 1e8, loadMs: 50, coldLoadFactor: 4, stopOnly: nothing });
  const world = new World(plain({ devices: [device] }));
  const cold = world.trueDowntimeMs();
  sendOut(world, 3000);
  expect(cold - (1.1e9 / plainBytesPerSec) * 1000 - plainFixedMs).toBeCloseTo(200, 6);
  expect(world.trueDowntimeMs() - plainFixedMs).toBeCloseTo(50, 6);
});

test("what a device dirties stays hidden until an exact query, and never exceeds its cap", () => {
  const device = plainDevice("vfio", { dirtyBytesPerSec: 1e8, dirtyCapBytes: 5e7, stopOnly: nothing });
  const world = new World(plain({ devices: [device] }));
  world.step(300);
  expect(world.devices[0]?.knownBytes).toBe(0);
  world.step(5000);
  world.duty = 0;
  askExactly(world);
  expect(world.devices[0]?.knownBytes).toBeCloseTo(5e7, 0);
});

test("a learning device shrinks from the first exact query after its initial bytes have moved", () => {
  const stopOnly = { shape: "learning", fromBytes: 8e8, toBytes: 1e8, tauSec: 10 } as const;
  const world = new World(plain({ devices: [plainDevice("vfio", { initialBytes: 3e8, stopOnly })] }));
  const stopOnlyAfter = (ms: number) => {
    if (ms > 0) world.step(ms);
    return askExactly(world).devices[0]?.stopOnlyBytes ?? 0;
  };
  expect(stopOnlyAfter(500)).toBe(8e8);
  expect(stopOnlyAfter(20_000)).toBeCloseTo(8e8, 0);
  expect(stopOnlyAfter(10_000)).toBeCloseTo(1e8 + 7e8 * Math.exp(-1.0001), -6);
  expect(stopOnlyAfter(100_000)).toBeLessThan(1.001e8);
});

test("a state that jumps does so at its moment", () => {
  const stopOnly = { ...nothing, bytes: 1e8, bytesPerSec: 1e6, jumpBytes: 5e8, jumpAtSec: 10 };
  const world = new World(plain({ devices: [plainDevice("vhost-user", { stopOnly })] }));
  world.step(9000);
  expect(askExactly(world).devices[0]?.stopOnlyBytes).toBeCloseTo(1.09e8, -5);
  world.step(2000);
  expect(askExactly(world).devices[0]?.stopOnlyBytes).toBeCloseTo(6.11e8, -5);
});
