import { expect, test } from "vitest";
import { decisions, host, queued, running, sentenceOf, sharesOf } from "./support/fleet.ts";

test("S7: each has what it was promised, and what is left goes to the oldest that can use it", () => {
  const all = decisions({
    running: [
      running("r1", "a", "b", { startedAt: 1, guaranteedBytesPerSec: 200, capBytesPerSec: 500 }),
      running("r2", "a", "c", { startedAt: 2, guaranteedBytesPerSec: 300 }),
      running("r3", "a", "c", { startedAt: 3, guaranteedBytesPerSec: 100 }),
    ],
  });
  expect(sharesOf(all)).toEqual({ r1: 500, r2: 400, r3: 100 });
  expect(sentenceOf(all, "r2")).toBe("300 B/s that it was promised, and 100 B/s that the others leave.");
});

test("S7: what one leaves when it ends is given to the others", () => {
  const two = [
    running("r1", "a", "b", { startedAt: 1, guaranteedBytesPerSec: 700 }),
    running("r2", "a", "c", { startedAt: 2, guaranteedBytesPerSec: 300 }),
  ];
  expect(sharesOf(decisions({ running: two }))).toEqual({ r1: 700, r2: 300 });
  expect(sharesOf(decisions({ running: two.slice(1) }))).toEqual({ r2: 1000 });
});

test("S7: while one switches over it has its path, and those beside it step back and are told so", () => {
  const all = decisions({
    running: [
      running("r1", "a", "b", { startedAt: 1, guaranteedBytesPerSec: 500 }),
      running("r2", "a", "c", { startedAt: 2, guaranteedBytesPerSec: 200, stage: "switching" }),
      running("r3", "c", "b", { startedAt: 3, guaranteedBytesPerSec: 100 }),
    ],
  });
  expect(sharesOf(all)).toEqual({ r1: 0, r2: 1000, r3: 1000 });
  expect(sentenceOf(all, "r1")).toBe("0 B/s while another one on its path switches over.");
});

test("S7: the links count at both ends, and the cluster and what one stream can send besides", () => {
  const cluster = {
    paused: false,
    limits: { preparing: 9, moving: 9 },
    bytesPerSec: 1100,
    streamBytesPerSec: 600,
  };
  const slow = host("b", { link: { outBytesPerSec: 1000, inBytesPerSec: 250 } });
  const hosts = [host("a"), slow, host("c")];
  const all = decisions({
    cluster,
    hosts,
    running: [
      running("r1", "a", "b", { startedAt: 1 }),
      running("r2", "a", "c", { startedAt: 2 }),
      running("r3", "b", "c", { startedAt: 3 }),
    ],
  });
  expect(sharesOf(all)).toEqual({ r1: 250, r2: 600, r3: 250 });
});

test("S7: without a budget nothing is shared out, and slots alone decide", () => {
  const hosts = ["a", "b"].map((id) => host(id, { link: { outBytesPerSec: undefined, inBytesPerSec: undefined } }));
  const all = decisions({ hosts, running: [running("r1", "a", "b")], queued: [queued("m1", "a", "b")] });
  expect(sharesOf(all)).toEqual({ r1: undefined });
  expect(all.at(-1)).toMatchObject({ kind: "admit", bytesPerSec: undefined });
});
