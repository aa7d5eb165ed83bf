import type { Host, Limits, Migration, Plan } from "@godwit/contract";
import { expect, test } from "vitest";
import { auditTable } from "./commands/audit.ts";
import { accuracyLines, sinceArgument } from "./commands/predictions.ts";
import { exitCodeOfEnd, exitCodes } from "./exit-codes.ts";
import { fenceLines, hostLines, hostTable } from "./host-text.ts";
import { migrationLines, reportLines, sentencesOf, statusLine } from "./migration-text.ts";
import { planLines } from "./plan-text.ts";
import { policyLines, policyTable } from "./policy-text.ts";
import { tokenTable } from "./token-text.ts";

const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const at = "2026-01-31T14:03:22.871Z";
const limits: Limits = { downtimeLimitMs: 300, deadlineMs: 3_600_000, patience: "normal", ladder: [], hold: false };
const places = { source: "alpha", sourceId: id, destination: "beta", destinationId: id };

function migration(more: Partial<Migration> = {}): Migration {
  const pending = { initialBytes: 0, precopyBytes: 9_000_000, stopcopyBytes: 0, fixedMs: 0 };
  const devices = [{ name: "ram", kind: "memory", rounds: 1, sentBytes: 0, pending }];
  const judged = {
    verdict: {
      kind: "converging",
      code: "CONVERGING",
      sentence: "9 MB are pending.",
      inputs: {},
      thresholds: {},
      since: at,
    },
    intent: { kind: "abort", sentence: "If that stays so, it is aborted in 12 s.", at },
  } as const;
  const figures = {
    predictedDowntimeMs: 84,
    predictedDowntimeRangeMs: [61, 118] as [number, number],
    bandwidthBytesPerSec: 28.5e6,
  };
  const base = {
    id,
    guest: "web",
    guestId: id,
    ...places,
    phase: "precopy" as const,
    policy: "gentle",
    priority: 500,
    attempts: 0,
    limits,
    epoch: 2,
  };
  return { ...base, ...judged, ...figures, etaRangeMs: [3_000, 8_000], sentBytes: 0, devices, createdAt: at, ...more };
}

test("a line says the verdict, the predicted downtime with its band against the limit, and when it is ready", () => {
  expect(statusLine(migration())).toBe(
    "web  alpha -> beta  precopy  converging, pending 9 MB, 28.5 MB/s, downtime 84 ms (61 to 118) of 300 ms, ready in 3 to 8 s",
  );
  expect(statusLine(migration({ etaRangeMs: [0, 0] }))).toMatch(/of 300 ms, ready now$/);
});

test("what is not known is left out", () => {
  const nothing = {
    predictedDowntimeMs: undefined,
    bandwidthBytesPerSec: undefined,
    etaRangeMs: undefined,
    verdict: undefined,
  };
  expect(statusLine(migration(nothing))).toBe("web  alpha -> beta  precopy  unknown, pending 9 MB");
  expect(sentencesOf(migration({ ...nothing, intent: undefined }))).toEqual([]);
});

test("a queued migration says what it waits for, and no verdict", () => {
  const reason = { code: "SLOTS", sentence: "2 of 2 outgoing slots on alpha are taken.", inputs: {} };
  const queued = migration({ phase: "queued", verdict: undefined, intent: undefined, reason });
  expect(statusLine(queued)).toBe(`web  alpha -> beta  queued  ${reason.sentence}`);
  expect(sentencesOf(queued)).toEqual([]);
});

test("one migration is shown with its verdict, since when, what will be done and its limits", () => {
  const ladder: Limits["ladder"] = [
    { remedy: "bandwidth" },
    { remedy: "downtimeLimit", maxMs: 2_000 },
    { remedy: "throttle", maxShare: 0.5 },
  ];
  const window = { from: "22:00", to: "05:30" };
  const shown = migrationLines(
    migration({ limits: { ...limits, ladder, hold: true, window, bandwidthBytesPerSec: 5e6 } }),
  );
  expect(shown.slice(1)).toEqual([
    "verdict    converging (CONVERGING) since 2026-01-31 14:03:22 UTC: 9 MB are pending.",
    "intent     abort at 2026-01-31 14:03:22 UTC: If that stays so, it is aborted in 12 s.",
    "policy     gentle: downtime at most 300 ms; deadline 60 min; bandwidth at most 5 MB/s; patience normal; " +
      "remedies bandwidth, then downtime up to 2 s, then throttle up to 50 %; held at the brink; window 22:00-05:30 UTC",
  ]);
});

test("a switchover that is unknown shows what each side last said; one that is not leaves that out", () => {
  const heard = { source: { said: "released", at } };
  const quiet = { verdict: undefined, intent: undefined };
  expect(migrationLines(migration({ phase: "unknown", heard, ...quiet })).slice(0, 3)).toEqual([
    "web  alpha -> beta  unknown",
    'heard      of alpha (source): "released" at 2026-01-31 14:03:22 UTC',
    "           of beta (destination): nothing since the switchover began",
  ]);
  expect(migrationLines(migration({ phase: "switchover", heard })).join("\n")).not.toContain("heard");
});

test("one that waits for somebody to accept an older copy says why, and how that is done", () => {
  const reason = { code: "OLDER_COPY", sentence: "alpha may have run web since.", inputs: { host: "alpha" } };
  const lines = migrationLines(migration({ phase: "unknown", reason }));
  expect(lines[0]).toBe("web  alpha -> beta  unknown  alpha may have run web since.");
  expect(lines).toContain(`accept     godwit migration accept-older-copy ${id}`);
});

test("a migration that is lost ends like one that failed", () => {
  expect(exitCodeOfEnd(migration({ phase: "lost" }))).toBe(exitCodes.failed);
});

test("a fence is told with what became of each migration and guest", () => {
  const backends = [{ kind: "memory", version: "1", format: { writes: 1, reads: [1] }, features: [], can: {} }];
  const host: Host = {
    id,
    name: "alpha",
    state: "fenced",
    fenced: { at, by: "ann (12345678)", reason: "the rack burns" },
    agentVersion: "0.1.0",
    peerEndpoint: "127.0.0.1:7000",
    serviceAddress: "127.0.0.1",
    slots: { outgoing: 2, incoming: 1 },
    linkBudget: { outBytesPerSec: 1e9 },
    freeBytes: 1e9,
    backends,
    guests: 1,
    lastSeenAt: at,
    createdAt: at,
  };
  expect(hostLines(host).slice(0, 2)).toEqual([
    "alpha  fenced",
    "  fenced      2026-01-31 14:03:22 UTC by ann (12345678): the rack burns",
  ]);
  expect(hostTable([host])).toMatch(/^alpha +fenced +1 +2\/1 +1 GB\/s out, - in +1 GB +memory +.+ ago$/m);
  const cordoned = { at, by: "bob (1)", reason: "new disks" };
  expect(hostLines({ ...host, cordoned, paused: { at, by: "bob (1)" } }).slice(0, 4)).toEqual([
    "alpha  fenced, cordoned, paused",
    "  fenced      2026-01-31 14:03:22 UTC by ann (12345678): the rack burns",
    "  cordoned    2026-01-31 14:03:22 UTC by bob (1): new disks",
    "  paused      2026-01-31 14:03:22 UTC by bob (1)",
  ]);
  const migrations = [{ id, guest: "web", phase: "lost" as const }];
  expect(fenceLines({ host, migrations, lostGuests: ["db"] })).toEqual([
    "alpha is fenced.",
    `migration  ${id}  web  lost`,
    "guest      db  lost",
  ]);
  expect(fenceLines({ host, migrations: [], lostGuests: [] }).at(-1)).toBe(
    "It had no guest, and no part in a migration.",
  );
});

test("A11: of each request the audit tells who, what, of what, its outcome and its reason", () => {
  const asked = { id, at, operation: "POST /v1/hosts/{host}/fence", requestId: "r" };
  const who = { id: "abcd1234", name: "ci" };
  const target = { type: "host", id, name: "alpha" };
  const refused = { status: 409, code: "host-connected" };
  const lines = auditTable([
    { ...asked, who, target, outcome: refused, reason: "the rack burns" },
    { ...asked, target: { type: "migration", id }, outcome: { status: 401 } },
    { ...asked, operation: "POST (no such path)", who },
  ]).split("\n");
  expect(lines[1]).toMatch(
    /^2026-01-31 14:03:22 UTC +ci \(abcd1234\) +POST \S+ +host alpha +409 host-connected +the rack burns$/,
  );
  expect(lines[2]).toMatch(new RegExp(` nobody known +POST \\S+ +migration ${id} +401$`));
  expect(lines[3]).toMatch(/ ci \(abcd1234\) +POST \(no such path\) +- +not told$/);
});

test("a token is valid, expired or revoked", () => {
  const made = { id: "abcd1234", name: "ci", role: "viewer" as const, scopes: ["read" as const], createdAt: at };
  const now = new Date("2026-02-01T00:00:00.000Z");
  const lines = tokenTable(
    [made, { ...made, expiresAt: at }, { ...made, revokedAt: at }, { ...made, role: "agent", scopes: [] }],
    now,
  ).split("\n");
  expect(lines[1]).toMatch(/^abcd1234 +ci +viewer +read +valid +never +never$/);
  expect(lines[2]).toMatch(/ expired +2026-01-31 14:03:22 UTC +never$/);
  expect(lines[3]).toMatch(/ revoked /);
  expect(lines[4]).toMatch(/ agent +agents' socket +valid /);
});

test("at the end the prediction, with its band, stands beside what came", () => {
  const report = {
    downtimeMs: 312,
    downtimeLimitMs: 300,
    withinLimit: false,
    predictedDowntimeMs: 84,
    predictedDowntimeRangeMs: [61, 118] as [number, number],
  };
  const figures = { totalMs: 5_000, rounds: 3, sentBytes: 64e6, stoppedBytes: 1e6, devices: [] };
  const reason = { code: "COMPLETED", sentence: "web runs on beta.", inputs: {} };
  expect(
    reportLines(migration({ phase: "completed", reason, report: { ...report, ...figures }, endedAt: at })),
  ).toEqual([
    "completed: web runs on beta.",
    "downtime   312 ms, predicted 84 ms (61 to 118), limit 300 ms, which it exceeded",
    "moved      64 MB in 3 rounds and the last pass, 1 MB of it after the stop; 5 s in all",
  ]);
});

test("L3: a plan shows what it would come to, and what that was learnt from", () => {
  const outlook: Plan["outlook"] = {
    verdict: {
      kind: "converging",
      code: "CONVERGING",
      sentence: "As the guest has been written, it fits.",
      inputs: {},
    },
    durationRangeMs: [2_100, 4_300],
    predictedDowntimeRangeMs: [84, 118],
    probability: 0.95,
    dominant: { part: "fixed", device: "ram", ms: 61 },
  };
  const learned = {
    migrations: 4,
    bandwidthBytesPerSec: 28.1e6,
    stopResumeMs: 42,
    stopResumeSdMs: 6,
    costFactors: { ram: 1.204 },
  };
  const made = {
    id,
    guest: "web",
    guestId: id,
    ...places,
    policy: "balanced",
    limits,
    sizeBytes: 64e6,
    firstPassMs: 2_130,
    remedies: [
      { remedy: "force" as const, usable: true, sentence: "force: a pause of at most 8 s.", most: { pauseMs: 8_000 } },
    ],
    createdAt: at,
    expiresAt: at,
  };
  const checks = [{ name: "hosts", ok: true, detail: "alpha and beta are connected." }];
  expect(planLines({ ...made, possible: true, checks, outlook, learned })).toEqual([
    "web: alpha -> beta: possible",
    "  ok       alpha and beta are connected.",
    "  state            64 MB",
    "  first pass       about 2.13 s",
    "  verdict          converging (CONVERGING): As the guest has been written, it fits.",
    "  duration         2.1 to 4.3 s",
    "  downtime         84 to 118 ms, limit 300 ms",
    "  fits the limit   with a probability of 95 %",
    "  longest part     fixed costs, most of all of ram: 61 ms",
    "  learnt           28.1 MB/s, stop and resume 42 ms ± 6 ms, ram takes 1.2 times what it declares (from 4 migrations between the two hosts)",
    "  policy           balanced: downtime at most 300 ms; deadline 60 min; patience normal",
    "  remedies         force: a pause of at most 8 s.",
    `  plan             ${id}`,
  ]);
  const refused = { ...made, sizeBytes: 0, firstPassMs: undefined, possible: false };
  const fix = "Choose another host.";
  const lines = planLines({ ...refused, checks: [{ name: "hosts", ok: false, detail: "They are one.", fix }] });
  expect(lines.slice(0, 2)).toEqual([
    "web: alpha -> beta: not possible",
    "  refused  They are one. Choose another host.",
  ]);
});

test("a policy is shown with every setting, whether it is there or not", () => {
  const made = { id, name: "nightly", builtIn: false, version: 3, createdAt: at, updatedAt: at };
  expect(
    policyLines({
      ...made,
      settings: { ...limits, window: { from: "22:00", to: "05:30" }, ladder: [{ remedy: "force" }] },
    }),
  ).toEqual([
    "nightly  version 3, changed 2026-01-31 14:03:22 UTC",
    "  downtime limit   300 ms",
    "  deadline         60 min",
    "  bandwidth        no cap",
    "  patience         normal",
    "  remedies         force",
    "  hold             no",
    "  window           22:00-05:30 UTC",
  ]);
  const [, row] = policyTable([{ ...made, name: "gentle", builtIn: true, settings: limits }]).split("\n");
  expect(row).toMatch(/^gentle +300 ms +60 min +no cap +normal +none +no +any time +built in$/);
});

test("the accuracy is told in per cent, and a bias with its direction", () => {
  expect(
    accuracyLines({ count: 42, errorP50: 0.041, errorP90: 0.124, biasMs: -3.2, withinBand: 0.93, withinLimit: 1 }),
  ).toEqual([
    "migrations     42",
    "error          4.1 % in half of them (p50), 12.4 % in nine of ten (p90)",
    "bias           3.2 ms shorter than predicted",
    "within band    93 %",
    "within limit   100 %",
  ]);
  expect(accuracyLines({ count: 0 })).toContain("bias           -");
});

test("a time is a day, a minute, or so long ago; anything else is refused", () => {
  expect(["2026-01-31", "2026-01-31T08:00", "2026-01-31T08:00:30+02:00"].map(sinceArgument)).toEqual([
    "2026-01-31T00:00:00.000Z",
    "2026-01-31T08:00:00.000Z",
    "2026-01-31T06:00:30.000Z",
  ]);
  expect(Date.now() - Date.parse(sinceArgument("2d"))).toBeCloseTo(2 * 86_400_000, -4);
  for (const wrong of ["", "yesterday", "7", "2026-13-01", "2026-01-31T99:00", "12 h"])
    expect(() => sinceArgument(wrong)).toThrow(/a time such as/);
});
