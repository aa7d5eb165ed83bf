import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { simulatedLines } from "../commands/simulate.ts";
import { UsageError } from "../context.ts";
import { fleetOfFile, readFleet } from "./fleet-file.ts";
import { fleetPolicies } from "./policies.ts";
import { simulate, type Simulated } from "./simulated.ts";

const hosts = [
  { name: "a", link: "1GB", drain: true },
  { name: "b", link: "1GB" },
  { name: "c", link: "1GB" },
];
const still = { name: "still", host: "a", memory: "10GB" };

function under(policy: string, file: unknown): Simulated {
  const make = fleetPolicies[policy];
  if (make === undefined) throw new Error("there is no such policy");
  return simulate(fleetOfFile(file, "file"), policy, make);
}

/** What is said of a file that is wrong. */
function objection(file: unknown): string {
  try {
    fleetOfFile(file, "fleet.json");
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "it was taken";
}

describe("a file that is wrong", () => {
  const withHost = (over: object) => ({ hosts: [{ ...hosts[0], ...over }, ...hosts.slice(1)], guests: [still] });
  const withGuest = (over: object) => ({ hosts, guests: [{ ...still, ...over }] });
  test.each([
    [{ guests: [still] }, "fleet.json: /hosts: "],
    [{ hosts, guests: [] }, "fleet.json: /guests: "],
    [{ hosts, guests: [still], speed: 1 }, "fleet.json: /speed: is not known"],
    [withHost({ link: "fast" }), "fleet.json: /hosts/0/link: a size such as 65536, 40MB or 1.5GiB"],
    [withHost({ name: "b" }), 'fleet.json: /hosts/1/name: there is another host "b"'],
    [withHost({ count: 3, drain: 4 }), "fleet.json: /hosts/0/drain: there are only 3 of it"],
    [withGuest({ memory: undefined }), "fleet.json: /guests/0/memory: "],
    [withGuest({ memory: -1 }), "fleet.json: /guests/0/memory: a size such as 65536, 40MB or 1.5GiB"],
    [withGuest({ host: "d" }), 'fleet.json: /guests/0/host: there is no host "d"'],
    [withGuest({ to: "a" }), "fleet.json: /guests/0/to: it is on a already"],
    [
      withGuest({ regions: [{ bytes: "11GB", writesPerSec: 1 }] }),
      "fleet.json: /guests/0/regions: together they are larger than its memory",
    ],
    [withGuest({ regions: [{ bytes: "1GB", perSec: 1 }] }), "fleet.json: /guests/0/regions/0/"],
    [withGuest({ host: "b" }), "fleet.json: /guests: none of them is to move"],
  ])("is told the field: %#", (file, start) => {
    expect(objection(file)).toContain(start);
  });

  test("that is not there, or no JSON, is told as such", async () => {
    await expect(readFleet("/nowhere/fleet.json")).rejects.toThrow("/nowhere/fleet.json: cannot be read");
    await expect(readFleet(import.meta.filename)).rejects.toThrow("not JSON");
  });
});

describe("a small fleet", () => {
  const busy = { name: "busy", host: "a", memory: "10GB", regions: [{ bytes: "5GB", writesPerSec: 1 }] };

  test("has its figures: two guests over one link, and one that could not converge and is refused", () => {
    const ours = under("godwit", { hosts, guests: [{ ...still, count: 2 }, busy] });
    expect(ours).toMatchObject({ guests: 3, moved: 2, refused: { CANNOT_CONVERGE: 1 }, givenUp: 0, unfinished: 0 });
    expect([ours.boundMs, ours.ramBytes]).toEqual([20_000, 30e9]);
    expect(ours.makespanMs / 20_000).toBeGreaterThan(0.98);
    expect(ours.makespanMs / 20_000).toBeLessThan(1.1);
    expect(ours.sentBytes / 20e9).toBeCloseTo(1, 1);
    expect(ours.downtimeMs?.p50).toBeGreaterThan(20);
    expect(ours.downtimeMs?.most).toBeLessThan(300);
  });

  test("shows that a scheduler which gives nothing up keeps a link for what cannot be moved", () => {
    const file = {
      hosts,
      guests: [
        { ...busy, name: "first" },
        { ...still, count: 2 },
      ],
    };
    const [ours, theirs] = [under("godwit", file), under("sequential", file)];
    expect([ours.moved, theirs.moved, theirs.givenUp]).toEqual([2, 2, 1]);
    expect(theirs.makespanMs).toBeGreaterThan(10 * ours.makespanMs);
    expect(theirs.sentBytes).toBeGreaterThan(10 * ours.sentBytes);
    const lines = simulatedLines([ours, theirs]).join("\n");
    expect(lines).toContain("3 guests with 30 GB; the busiest link takes 20 s at the least");
    expect(lines).toContain("godwit refused 1: CANNOT_CONVERGE");
  });

  test("groups of hosts and guests are counted out, and drained hosts take nobody", () => {
    const { hosts: all, guests } = fleetOfFile(
      {
        hosts: [{ name: "rack", count: 4, link: "1GB", drain: 2 }],
        guests: [{ ...still, host: "rack", count: 8, memory: "1GB" }],
      },
      "file",
    );
    expect(all.map(({ id, drained }) => [id, drained])).toEqual([
      ["rack-1", true],
      ["rack-2", true],
      ["rack-3", false],
      ["rack-4", false],
    ]);
    expect(guests.map(({ id, source }) => [id, source])).toEqual([
      ["still-1", 0],
      ["still-2", 1],
      ["still-5", 0],
      ["still-6", 1],
    ]);
  });
});

test("in any fleet nobody is lost: each guest is moved, refused, given up or told as not ended, and nothing is sent for the refused", () => {
  const guests = fc.array(
    fc.record({
      host: fc.constantFrom("a", "b"),
      to: fc.constantFrom(undefined, "c", "d"),
      memory: fc.integer({ min: 1, max: 20 }).map((size) => size * 1e9),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      writesPerSec: fc.double({ min: 0, max: 0.5, noNaN: true }),
      known: fc.constantFrom(1, null),
    }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(guests, fc.constantFrom("godwit", "all-at-once-give-up"), (drawn, policy) => {
      const file = {
        hosts: [
          { name: "a", link: "1GB", drain: true },
          { name: "b", link: "2GB", drain: true },
          { name: "c", link: "1GB", memory: "30GB" },
          { name: "d", linkOut: "1GB", linkIn: "0.5GB" },
        ],
        guests: drawn.map(({ share, writesPerSec, ...rest }, index) => ({
          ...rest,
          name: `g${index}`,
          regions: share < 0.01 ? [] : [{ bytes: share * rest.memory, writesPerSec }],
        })),
      };
      const come = under(policy, file);
      const refused = Object.values(come.refused).reduce((sum, count) => sum + count, 0);
      expect(come.moved + refused + come.givenUp + come.unfinished).toBe(drawn.length);
      expect(come.sentBytes === 0 || come.moved + come.givenUp > 0).toBe(true);
      expect(come.failedMovable > 0 || come.makespanMs >= 0.95 * come.boundMs).toBe(true);
      expect(under(policy, file)).toEqual(come);
    }),
    { numRuns: 30 },
  );
});
