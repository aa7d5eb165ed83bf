import * as fc from "fast-check";
import { expect, test } from "vitest";
import { kinds } from "../scenario.ts";
import { scenarioOf } from "../scenario-of.ts";
import { plain, plainBytesPerSec, saturating, sendOut } from "../support/plain.ts";
import { GuestRam } from "./guest-ram.ts";
import { World } from "./world.ts";

const regions = fc.array(
  fc.record({
    bytes: fc.integer({ min: 1_000_000, max: 4_000_000_000 }),
    writesPerSec: fc.double({ min: 0, max: 20, noNaN: true }),
  }),
  { minLength: 1, maxLength: 4 },
);

const deeds = fc.array(
  fc.record({
    writeSec: fc.double({ min: 0.001, max: 2, noNaN: true }),
    activity: fc.double({ min: 0, max: 3, noNaN: true }),
    sendSec: fc.double({ min: 0, max: 2, noNaN: true }),
    discovers: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

test("no byte is lost or made: each region's parts stay within its size, and what is pending falls only by what is sent", () => {
  fc.assert(
    fc.property(regions, deeds, fc.integer({ min: 0, max: 2_000_000_000 }), (regions, deeds, zeroBytes) => {
      const ram = new GuestRam(plain({ regions, hidden: { zeroBytes } }));
      const wire = { bytes: 0, busySec: 0 };
      for (const { writeSec, activity, sendSec, discovers } of deeds) {
        const before = { known: ram.knownBytes, sent: ram.sentBytes, hidden: ram.hiddenBytes, wire: wire.bytes };
        ram.write(activity, writeSec);
        const written = ram.hiddenBytes - before.hidden;
        expect(written).toBeGreaterThanOrEqual(-1);
        ram.send(sendSec, plainBytesPerSec, wire);
        const hidden = ram.hiddenBytes;
        if (discovers) ram.discover();
        const found = discovers ? hidden : 0;
        expect(Math.abs(ram.knownBytes + ram.sentBytes - before.known - before.sent - found)).toBeLessThan(100);
        expect(wire.bytes - before.wire).toBeLessThanOrEqual(plainBytesPerSec * sendSec + zeroBytes * 0.0025 + 1);
        expect(wire.bytes).toBeGreaterThanOrEqual(before.wire);
        for (const region of ram.regions) {
          const parts = [region.neverSentBytes, region.knownBytes, region.hiddenBytes];
          const dirty = parts.reduce((sum, part) => sum + part, 0);
          expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
          expect(dirty).toBeLessThanOrEqual(region.bytes * (1 + 1e-9));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("in a world of any kind the first pass only shrinks and the wire only grows", () => {
  for (const kind of kinds) {
    const world = new World(scenarioOf(kind, 3));
    let before = { neverSent: world.ram.neverSentBytes, wire: 0 };
    let wrongSteps = 0;
    sendOut(world, 30_000, ({ ram, wireBytes }) => {
      if (ram.neverSentBytes > before.neverSent || wireBytes < before.wire) wrongSteps += 1;
      before = { neverSent: ram.neverSentBytes, wire: wireBytes };
    });
    expect(wrongSteps).toBe(0);
    expect(before.wire).toBeGreaterThan(0);
  }
});

test.each([1.5, 3, 8])("a region written at %s times the link settles at W - B / r", (load) => {
  const [region = { bytes: 0, writesPerSec: 1 }] = saturating(2000, load);
  const world = sendOut(new World(plain({ regions: [region] })), 60_000);
  const settledBytes = region.bytes - plainBytesPerSec / region.writesPerSec;
  expect(Math.abs((world.ram.knownBytes + world.ram.hiddenBytes) / settledBytes - 1)).toBeLessThan(0.035);
});

test("a region written more slowly than the link is all but clean in the end", () => {
  const world = new World(plain({ regions: [{ bytes: 4e9, writesPerSec: 0.2 }] }));
  let least = Infinity;
  sendOut(world, 60_000, ({ ram }) => {
    least = Math.min(least, ram.knownBytes + ram.hiddenBytes);
  });
  expect(least).toBeLessThan(0.03 * 4e9);
});

test("zero pages are scanned within the first pass and cost next to nothing on the wire", () => {
  const ram = new GuestRam(plain({ hidden: { zeroBytes: 8e9, zeroAfterShare: 0.5, scanBytesPerSec: 4e9 } }));
  const wire = { bytes: 0, busySec: 0 };
  expect(ram.knownBytes).toBe(9e9);
  ram.send(0.5, plainBytesPerSec, wire);
  expect(ram.neverSentBytes).toBeCloseTo(8.5e9, 0);
  ram.send(2, plainBytesPerSec, wire);
  expect(ram.neverSentBytes).toBeCloseTo(0.5e9, 0);
  expect(wire.busySec).toBeCloseTo(0.5, 6);
  expect(wire.bytes).toBeCloseTo(0.5e9 + 8e9 * 0.0025, 0);
  ram.send(1, plainBytesPerSec, wire);
  expect(ram.knownBytes).toBe(0);
  expect(ram.sentBytes).toBeCloseTo(9e9, 0);
});
