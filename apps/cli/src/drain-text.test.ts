import type { Drain, DrainPlan, PlanSet } from "@godwit/contract";
import { expect, test } from "vitest";
import { drainLines, drainPlanLines } from "./drain-text.ts";
import { planSetLines } from "./plan-text.ts";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const sentence = "128 MiB are needed.";
const reason = { code: "no-room", sentence, inputs: {} };
const remedy = "Free memory on beta.";
const obstacles = [{ host: "beta", hostId: id, code: "no-room", sentence: "64 MiB are free." }];
const wanted = {
  host: "alpha",
  hostId: id,
  policy: "gentle",
  limits: { downtimeLimitMs: 300, deadlineMs: 3_600_000, patience: "normal" as const, ladder: [], hold: false },
  order: "busiestFirst" as const,
  placement: "spread" as const,
  deadline: "2026-01-31T14:03:22.871Z",
  counts: { queued: 0, moving: 0, moved: 0, blocked: 1, skipped: 0 },
  guests: [{ guest: "giant", guestId: id, state: "blocked" as const, reason, remedy, obstacles, attempts: 0 }],
  reason: { code: "BLOCKED", sentence: "Not every guest can go.", inputs: {} },
};
const below = [
  "  Not every guest can go.",
  "  deadline 2026-01-31 14:03:22 UTC",
  expect.stringMatching(/^ {2}policy gentle: .*300 ms/),
  "  GUEST  STATE    TO  SIZE  TAKES  DOWNTIME",
  "  giant  blocked  -   -     -      -",
  "  giant is blocked: 128 MiB are needed. Free memory on beta.",
  "    beta: no-room: 64 MiB are free.",
];

test("a drain and the plan of one tell the same of their guests, each below a line of its own", () => {
  const drain: Drain = { ...wanted, id, phase: "blocked", by: "ann", createdAt: wanted.deadline };
  expect(drainLines(drain)).toEqual(["alpha  blocked  1 blocked", ...below]);
  const plan: DrainPlan = { ...wanted, possible: false };
  expect(drainPlanLines(plan)).toEqual(["alpha: 1 guest, 1 blocked", ...below]);
});

test("a guest for which there is no host is told with what stands against each", () => {
  const set: PlanSet = { plans: [], unplaced: [{ guest: "giant", guestId: id, reason, remedy, obstacles }] };
  expect(planSetLines(set)).toEqual([
    "giant: no host: 128 MiB are needed. Free memory on beta.",
    "  beta: no-room: 64 MiB are free.",
  ]);
});
