import type { Lease, Store } from "@godwit/store";
import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { HeldLease } from "./held-lease.ts";

const leaseMs = 10_000;

let now: number;
let timers: { at: number; task: () => void }[];
let renewals: number[];
let renew: Lease["renew"];
let givenBack: number;
let lost: Error[];

beforeEach(() => {
  now = 5_000_000;
  timers = [];
  renewals = [];
  renew = async () => true;
  givenBack = 0;
  lost = [];
});

const clock = {
  now: () => now,
  after: (ms: number, task: () => void) => {
    const timer = { at: now + ms, task };
    timers.push(timer);
    return () => void (timers = timers.filter((each) => each !== timer));
  },
};

test("D12: it is renewed at three tenths of its time, for as long as that succeeds", async () => {
  const lease = await taken();
  await pass(60_000);
  expect(renewals).toHaveLength(20);
  expect(lease.isHeld()).toBe(true);
  expect(lost).toEqual([]);
});

test("D12: where it cannot be renewed it is tried again, and lost at its time's end by the process's own clock", async () => {
  const lease = await taken();
  renew = () => Promise.reject(new Error("the database is away"));
  await pass(leaseMs - 1);
  expect(renewals.length).toBeGreaterThan(4);
  expect(lease.isHeld()).toBe(true);
  await pass(1);
  expect(lost.map(({ name }) => name)).toEqual(["LeaseRanOutError"]);
  expect(lease.isHeld()).toBe(false);
});

test("D12: its time counts from before the question, however late the answer comes", async () => {
  const lease = await taken();
  let answer: (isOurs: boolean) => void = () => undefined;
  renew = () => new Promise((resolve) => (answer = resolve));
  await pass(0.3 * leaseMs + 6_000);
  answer(true);
  await pass(0);
  await pass(4_000 - 1);
  expect(lease.isHeld()).toBe(true);
  await pass(1);
  expect(lease.isHeld()).toBe(false);
});

test("D12: a process that was stopped finds it lost before any of its timers has told it so, and once", async () => {
  const lease = await taken();
  now += leaseMs;
  expect(lease.isHeld()).toBe(false);
  await pass(leaseMs);
  expect(lost).toHaveLength(1);
  expect(renewals).toEqual([]);
});

test("D12: a renewal that finds another's epoch loses it at once", async () => {
  const lease = await taken();
  renew = async () => false;
  await pass(0.3 * leaseMs);
  expect(lost.map(({ name }) => name)).toEqual(["LeaseLostError"]);
  expect(lease.isHeld()).toBe(false);
});

test("D12: it is given back at a clean stop, and left alone once it is lost", async () => {
  const kept = await taken();
  await kept[Symbol.asyncDispose]();
  expect(givenBack).toBe(1);
  const late = await taken();
  now += leaseMs;
  await late[Symbol.asyncDispose]();
  expect(givenBack).toBe(1);
  expect(timers).toEqual([]);
});

async function taken(): Promise<HeldLease> {
  const lease: Lease = {
    take: async () => ({ epoch: 1 }),
    renew: async (wanted) => {
      renewals.push(now);
      return await renew(wanted);
    },
    giveBack: async () => void (givenBack += 1),
  };
  // The lease is all that it asks a store for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const store = { lease } as Store;
  const log = pino({ level: "silent" });
  const found = await HeldLease.take({ store, clock, log, leaseMs, onLost: (error) => lost.push(error) }, "me");
  if (!("lease" in found)) throw new Error("nobody else is there to hold it");
  return found.lease;
}

/** Timers go off in their order, and what waits for them goes on in between. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    const next = timers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at > end) break;
    now = Math.max(now, next.at);
    timers = timers.filter((each) => each !== next);
    next.task();
    await new Promise((resolve) => setImmediate(resolve));
  }
  now = end;
  await new Promise((resolve) => setImmediate(resolve));
}
