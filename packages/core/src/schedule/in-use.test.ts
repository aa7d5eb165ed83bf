import { expect, test } from "vitest";
import { reason } from "../reason.ts";
import { grantedOf, linksInUse, slotsInUse } from "./in-use.ts";
import { fleet, host, running } from "./support/fleet.ts";

const share = {
  guaranteedBytesPerSec: 100,
  bytesPerSec: 250,
  reservedBytesPerSec: 1000,
  mostBytesPerSec: 250,
  because: reason("FREE", "It is free."),
  conditions: {
    destinationId: "b",
    shareBytesPerSec: 250,
    downtimeLimitMs: 300,
    neededBytesPerSec: undefined,
    facts: "",
  },
};

test("S7: a switchover is granted what is reserved for it, whatever else is under way what it may take now", () => {
  expect(grantedOf({ phase: "switchover", share })).toBe(1000);
  for (const phase of ["queued", "preflight", "precopy"] as const) expect(grantedOf({ phase, share })).toBe(250);
  for (const phase of ["precopy", "switchover"] as const) expect(grantedOf({ phase })).toBeUndefined();
});

test("S7: of each link is told what is promised and what is granted to those whose way goes over it, each in its direction", () => {
  const moves = [running("m", "a", "b"), running("n", "c", "b", { stage: "switching", guaranteedBytesPerSec: 300 })];
  const granted = new Map([
    ["m", 250],
    ["n", 700],
  ]);
  const links = linksInUse(fleet({ running: moves }), (id) => granted.get(id));
  const sums = ({ guaranteedBytesPerSec: promised, grantedBytesPerSec }: (typeof links)["cluster"]) => [
    promised,
    grantedBytesPerSec,
  ];
  expect(sums(links.cluster)).toEqual([400, 950]);
  expect(links.hosts.map(({ outgoing }) => sums(outgoing))).toEqual([
    [100, 250],
    [0, 0],
    [300, 700],
  ]);
  expect(links.hosts.map(({ incoming }) => sums(incoming))).toEqual([
    [0, 0],
    [400, 950],
    [0, 0],
  ]);
  const unknown = linksInUse(fleet({ hosts: [host("a")], running: moves.slice(0, 1) }), () => undefined);
  expect([unknown.cluster.grantedBytesPerSec, unknown.cluster.flows[0]?.grantedBytesPerSec]).toEqual([0, undefined]);
});

test("S5: slots are told as the planner counts them: one in preparation has its slot on the link already", () => {
  const moves = [running("m", "a", "b"), running("n", "c", "b", { stage: "preparing" })];
  const { cluster, hosts } = slotsInUse(fleet({ running: moves }));
  expect(cluster).toEqual({ preparing: { used: 1, of: 100 }, moving: { used: 2, of: 100 } });
  expect(hosts.map((each) => [each.id, each.preparing.used, each.outgoing.used, each.incoming.used])).toEqual([
    ["a", 0, 1, 0],
    ["b", 1, 0, 2],
    ["c", 1, 1, 0],
  ]);
});
