import { expect, test } from "vitest";
import * as fc from "fast-check";
import { shareEvenly } from "./max-min.ts";
import { fleet, host } from "./support/fleets.ts";

const between = (source: number, destination: number) => ({ source, destination, bytesPerSec: 0 });
const shares = (all: { bytesPerSec: number }[]) => all.map(({ bytesPerSec }) => bytesPerSec);

test("a link is divided evenly, and what one cannot use goes to the others", () => {
  const hosts = [host("a"), host("b", { inBytesPerSec: 0.2e9 }), host("c")];
  const three = [between(0, 1), between(0, 2), between(0, 2)];
  shareEvenly(three, fleet({ hosts }));
  expect(shares(three)).toEqual([0.2e9, 0.4e9, 0.4e9]);
  shareEvenly(three, fleet({ hosts, streamBytesPerSec: 0.3e9 }));
  expect(shares(three)).toEqual([0.2e9, 0.3e9, 0.3e9]);
  shareEvenly(three, fleet({ hosts, clusterBytesPerSec: 0.3e9 }));
  expect(shares(three)).toEqual([0.1e9, 0.1e9, 0.1e9].map((each) => expect.closeTo(each)));
});

test("no link carries more than it can, and each that sends crosses one that is full or sends all that a stream can", () => {
  const rate = fc.integer({ min: 1, max: 100 });
  const hosts = fc.array(fc.tuple(rate, rate), { minLength: 2, maxLength: 5 });
  const pairs = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(hosts, pairs, rate, fc.option(rate, { nil: Infinity }), (drawn, pairs, stream, cluster) => {
      const all = drawn.map(([out, into], index) => host(String(index), { outBytesPerSec: out, inBytesPerSec: into }));
      const flows = pairs.map(([from, to]) => between(from % all.length, to % all.length));
      shareEvenly(flows, fleet({ hosts: all, streamBytesPerSec: stream, clusterBytesPerSec: cluster }));
      const sum = (of: typeof flows) => of.reduce((total, { bytesPerSec }) => total + bytesPerSec, 0);
      const [slack, links] = [1e-6, new Map<string, number>()];
      for (const [index, { outBytesPerSec, inBytesPerSec }] of all.entries()) {
        links.set(`out ${index}`, outBytesPerSec - sum(flows.filter(({ source }) => source === index)));
        links.set(`in ${index}`, inBytesPerSec - sum(flows.filter(({ destination }) => destination === index)));
      }
      links.set("cluster", cluster - sum(flows));
      expect(Math.min(...links.values())).toBeGreaterThan(-slack);
      for (const { source, destination, bytesPerSec } of flows) {
        const free = [`out ${source}`, `in ${destination}`, "cluster"].map((name) => links.get(name) ?? 0);
        expect(Math.min(stream - bytesPerSec, ...free)).toBeLessThan(slack);
      }
    }),
    { numRuns: 300 },
  );
});
