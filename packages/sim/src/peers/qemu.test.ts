import { expect, test } from "vitest";
import { run } from "../run.ts";
import { kinds } from "../scenario.ts";
import { scenarioOf } from "../scenario-of.ts";
import { plain, plainBytesPerSec, plainDevice, plainFixedMs, played, saturating } from "../support/plain.ts";
import { World } from "../world/world.ts";
import { peers } from "./peers.ts";
import { Qemu } from "./qemu.ts";

const large = {
  stopOnly: { shape: "growing", bytes: 1e9, bytesPerSec: 0, jumpBytes: 0, jumpAtSec: Infinity },
} as const;

test("QEMU never gives up", () => {
  expect(run(plain({ regions: saturating(800) }), new Qemu(500)).outcome).toBe("deadline");
  for (const kind of kinds) {
    const scenario = { ...scenarioOf(kind, 2), deadlineMs: 60_000 };
    expect(run(scenario, peers.qemu(scenario)).outcome).not.toBe("abort");
  }
});

test("QEMU compares the limit with what is left alone: fixed costs come on top", () => {
  const outcome = run(plain({ regions: saturating(495) }), new Qemu(500));
  expect(outcome.outcome).toBe("violation");
  expect(outcome.predictedMs).toBeLessThanOrEqual(500);
  expect(outcome.actualMs).toBeGreaterThan(outcome.predictedMs ?? Infinity);
  const half = run(plain({ regions: saturating(200) }), peers["qemu at 50 %"](plain()));
  expect(half.outcome).toBe("ok");
  expect(half.predictedMs).toBeLessThanOrEqual(250);
});

test("QEMU counts the state of VFIO devices, and that of nobody else", () => {
  expect(run(plain({ devices: [plainDevice("vfio", large)] }), new Qemu(500)).outcome).toBe("deadline");
  for (const kind of ["vhost-user", "daemon"] as const) {
    const outcome = run(plain({ devices: [plainDevice(kind, large)] }), new Qemu(500));
    expect(outcome.outcome).toBe("violation");
    expect(outcome.actualMs).toBeGreaterThan(1000 + plainFixedMs);
    expect(outcome.predictedMs).toBeLessThanOrEqual(500);
  }
});

test("QEMU asks for exact figures when the estimate fits or nothing is left, and never switches over on an estimate", () => {
  const rule = new Qemu(500);
  const { world, action } = played(plain(), rule);
  expect(action?.type).toBe("switchover");
  expect(world.lastExact?.sequence).toBe(1);
  expect(rule.passes).toBe(2);
  expect(world.atMs).toBeLessThan(1000);
  const never = played(plain({ regions: saturating(800), deadlineMs: 20_000 }), new Qemu(500));
  // Of the 0.8 s that are left after each pass, 0.3 s are sent before the estimate fits again.
  expect(never.world.exactQueries).toBeGreaterThan(50);
  expect(never.world.exactQueries).toBeLessThan(80);
});

test("QEMU takes the time of exact queries for a slow network", () => {
  const rule = new Qemu(500);
  const world = new World(plain({ syncMs: 60, regions: saturating(800) }));
  const taken = new Set<number>();
  for (let turn = 0; turn < 200; turn++) {
    expect(rule.look(world)).toBeUndefined();
    taken.add(rule.bytesPerSec);
    world.step(50);
  }
  expect(Math.max(...taken)).toBeCloseTo(plainBytesPerSec, 0);
  expect(Math.min(...[...taken].filter((bytesPerSec) => bytesPerSec > 0))).toBeLessThan(0.75 * plainBytesPerSec);
});

test("QEMU waits for the initial bytes of VFIO devices, however little else is left", () => {
  const initialBytes = 4e9;
  const { world } = played(plain({ devices: [plainDevice("vfio", { initialBytes })] }), new Qemu(10_000));
  expect(world.devices[0]?.initialLeftBytes).toBe(0);
  expect(world.atMs).toBeGreaterThan(5000);
  const others = played(plain({ devices: [plainDevice("vhost-user", { initialBytes })] }), new Qemu(10_000));
  expect(others.world.devices[0]?.initialLeftBytes).toBeGreaterThan(0);
});
