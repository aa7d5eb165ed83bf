import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Accuracy, Migration, MigrationPolicy, Plan, PolicyList } from "@godwit/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { beginCommand, runCommand, type Said } from "./support/command.ts";
import { fill, memoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec: 20_000_000 }));
  folder = await mkdtemp(join(tmpdir(), "godwit-cli-"));
  const guest = await memoryGuest(cluster, { name: "web", sizeBytes: 8 * MiB });
  await fill(guest, 4 * MiB);
}, 180_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cluster[Symbol.asyncDispose]();
}, 60_000);

async function run(...words: string[]): Promise<Said> {
  return await runCommand(cluster, ...words);
}

async function done(...command: string[]): Promise<string> {
  const said = await run(...command);
  expect(said).toMatchObject({ code: 0 });
  return said.data;
}

describe("a policy", () => {
  test("is made, shown, changed, followed and removed", async () => {
    const flags = [
      "--downtime-limit",
      "1000",
      "--window",
      "22:00-05:30",
      "--remedy",
      "bandwidth",
      "--remedy",
      "downtime=2000",
    ];
    const made = MigrationPolicy.parse(JSON.parse(await done("policy", "create", "nightly", ...flags, "--json")));
    expect(made.settings).toMatchObject({
      downtimeLimitMs: 1_000,
      window: { from: "22:00", to: "05:30" },
      ladder: [{ remedy: "bandwidth" }, { remedy: "downtimeLimit", maxMs: 2_000 }],
    });
    expect(await done("policy", "list")).toMatch(
      /^nightly +1 s +60 min +no cap +normal +bandwidth, then downtime up to 2 s +no +22:00-05:30 +1$/m,
    );
    expect(await done("policy", "set", "nightly", "--window", "none", "--remedy", "none", "--hold")).toMatch(
      /version 2[^]*remedies +none[^]*hold +yes[^]*window +any time/,
    );
    const listed = PolicyList.parse(JSON.parse(await done("policy", "list", "--json")));
    expect(listed.items.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["gentle", "balanced", "fast", "nightly"]),
    );
    const plan = Plan.parse(
      JSON.parse(await done("plan", "web", "--to", "beta", "--policy", "nightly", "--no-hold", "--json")),
    );
    expect(plan).toMatchObject({ policy: "nightly", limits: { downtimeLimitMs: 1_000, hold: false } });
    const removed = await run("policy", "remove", "nightly");
    expect(removed).toEqual({ code: 0, data: "", talk: "The policy nightly is gone.\n" });
    expect(await run("policy", "get", "nightly")).toMatchObject({
      code: 3,
      data: "",
      talk: expect.stringMatching(/unknown-policy/),
    });
  });

  test("that is built in, or has a name that is taken, is refused as a conflict", async () => {
    expect(await run("policy", "set", "gentle", "--hold")).toMatchObject({
      code: 5,
      talk: expect.stringMatching(/policy-built-in/),
    });
    expect(await run("policy", "remove", "fast")).toMatchObject({ code: 5 });
    expect(await run("policy", "create", "balanced")).toMatchObject({
      code: 5,
      talk: expect.stringMatching(/name-taken/),
    });
  });
});

test("a plan says what it would come to, and not what nobody knows", async () => {
  const lines = await done("plan", "web", "--to", "beta");
  expect(lines).toMatch(/^web: alpha -> beta: possible$/m);
  expect(lines).toMatch(/^ {2}verdict +\w+ \([A-Z_]+\): .+\.$/m);
  expect(lines).toMatch(/^ {2}downtime +[\d.]+ to [\d.]+ m?s, limit 300 ms$/m);
  expect(lines).toMatch(/^ {2}learnt +nothing yet/m);
  expect(await run("plan", "web", "--to", "alpha")).toMatchObject({ code: 5 });
});

test.each([
  ["--patience", ["migrate", "web", "--to", "beta", "--patience", "saintly"]],
  ["--window", ["plan", "web", "--to", "beta", "--window", "25:00-01:00"]],
  ["--remedy", ["migrate", "web", "--to", "beta", "--remedy", "throttle=2"]],
  ["--downtime-limit", ["policy", "create", "nightly", "--downtime-limit", "0"]],
  ["--since", ["predictions", "--since", "yesterday"]],
  ["at least one limit", ["migration", "set", "01890a5d-ac96-774b-bcce-b302099a8057"]],
  ["at least one limit", ["policy", "set", "balanced"]],
  ["--at", ["migration", "switchover", "01890a5d-ac96-774b-bcce-b302099a8057", "--at", "noon", "--yes"]],
])("A2: what is wrong about %s is said, and nothing is done", async (named, command) => {
  const { code, data, talk } = await run(...command);
  expect({ code, data }).toEqual({ code: 2, data: "" });
  expect(talk).toContain(named);
});

test("M15, M16: a migration is held, changed and switched over; then nothing can be changed any more", async () => {
  const started = Migration.parse(
    JSON.parse(
      await done(
        "migrate",
        "web",
        "--to",
        "beta",
        "--hold",
        "--policy",
        "gentle",
        "--downtime-limit",
        "2000",
        "--json",
      ),
    ),
  );
  expect(started).toMatchObject({
    policy: "gentle",
    limits: { hold: true, patience: "patient", downtimeLimitMs: 2_000 },
  });
  const { id } = started;
  await until("it is ready and held", async () => (await cluster.client.migrations.get(id)).intent?.kind === "hold");

  const shown = await done("migration", "get", id);
  expect(shown).toMatch(
    /^web {2}alpha -> beta {2}precopy {2}ready, .*downtime [\d.]+ m?s \([\d.]+ to [\d.]+\) of 2 s, ready now$/m,
  );
  expect(shown).toMatch(/^verdict +ready \(\w+\) since .* UTC: .+$/m);
  expect(shown).toMatch(/^intent +hold: It is ready and held/m);
  expect(shown).toMatch(/^policy +gentle: .*held at the brink$/m);

  const set = Migration.parse(
    JSON.parse(
      await done(
        "migration",
        "set",
        id,
        "--bandwidth",
        "10MB",
        "--window",
        "01:00-02:00",
        "--remedy",
        "force",
        "--json",
      ),
    ),
  );
  expect(set.limits).toMatchObject({
    bandwidthBytesPerSec: 10_000_000,
    window: { from: "01:00", to: "02:00" },
    ladder: [{ remedy: "force" }],
    hold: true,
  });
  const unset = await done("migration", "set", id, "--bandwidth", "none", "--deadline", "7200000");
  expect(unset).toMatch(
    /deadline 120 min; patience patient; remedies force; held at the brink; window 01:00-02:00 UTC/,
  );
  await done("migration", "set", id, "--window", "none");

  const unasked = await run("migration", "switchover", id);
  expect(unasked).toMatchObject({ code: 2, data: "", talk: expect.stringMatching(/--yes/) });
  const asked = Migration.parse(JSON.parse(await done("migration", "switchover", id, "--yes", "--json")));
  expect(asked.id).toBe(id);
  expect((await cluster.client.waitForEnd(id)).phase).toBe("completed");
  for (const late of [["hold"], ["release"], ["switchover", "--yes"], ["set", "--hold"]] as const) {
    const [verb, ...flags] = late;
    expect(await run("migration", verb, id, ...flags)).toMatchObject({
      code: 5,
      talk: expect.stringMatching(/migration-ended/),
    });
  }
}, 180_000);

test("a held migration that is released ends, and a watch follows it in JSON lines", async () => {
  const held = Migration.parse(
    JSON.parse(await done("migrate", "web", "--to", "alpha", "--hold", "--downtime-limit", "2000", "--json")),
  );
  const watched = beginCommand(cluster, "migration", "watch", held.id);
  await until(
    "it is ready and held",
    async () => (await cluster.client.migrations.get(held.id)).intent?.kind === "hold",
  );
  await watched.firstLine;
  await done("migration", "release", held.id);
  const { code, data, talk } = await watched.ended;
  expect(code).toBe(0);
  const lines = data
    .trim()
    .split("\n")
    .map((line) => Migration.parse(JSON.parse(line)));
  expect(
    lines.some(
      ({ etaRangeMs, predictedDowntimeRangeMs }) => etaRangeMs !== undefined && predictedDowntimeRangeMs !== undefined,
    ),
  ).toBe(true);
  expect(talk).toMatch(/^completed: web runs on alpha/);
  expect(talk).toMatch(/^downtime +[\d.]+ m?s, predicted [\d.]+ m?s \([\d.]+ to [\d.]+\), limit 2 s/m);
});

test("L1: what was predicted and what came is counted, by the ways that are asked for", async () => {
  const accuracy = Accuracy.parse(
    JSON.parse(
      await done(
        "predictions",
        "--source",
        "alpha",
        "--destination",
        "beta",
        "--kind",
        "memory",
        "--since",
        "1h",
        "--json",
      ),
    ),
  );
  expect(accuracy).toMatchObject({ count: 1, errorP50: expect.any(Number), withinBand: expect.any(Number) });
  expect(await done("predictions")).toMatch(
    /^migrations +2\nerror +[\d.]+ % .*p50.*p90\)\nbias +.*predicted\nwithin band +\d+ %\nwithin limit +\d+ %\n$/,
  );
  expect(await done("predictions", "--kind", "directory")).toMatch(/^migrations +0\n/);
  expect(await run("predictions", "--source", "nowhere")).toMatchObject({ code: 3 });
});

test("L4: a trace is printed, or written to a file", async () => {
  const { items } = await cluster.client.migrations.list();
  const id = items[0]?.id ?? "";
  const file = join(folder, "trace.jsonl");
  expect(await run("migration", "trace", id, "--output", file)).toEqual({
    code: 0,
    data: "",
    talk: `Written to ${file}\n`,
  });
  const written = await readFile(file, "utf8");
  expect(await done("migration", "trace", id)).toBe(written);
  expect(written).toBe(await cluster.client.migrations.trace(id));
  expect(JSON.parse(written.slice(0, written.indexOf("\n")))).toMatchObject({ v: 1, name: "web" });
  expect(await run("migration", "trace", id, "--output", join(folder, "no", "trace"))).toMatchObject({
    code: 2,
    data: "",
  });
  expect(await run("migration", "trace", "01890a5d-ac96-774b-bcce-b302099a8057")).toMatchObject({ code: 3, data: "" });
});

test("how a migration ended is told by the exit code", async () => {
  const { code, data, talk } = await run("migrate", "web", "--to", "beta", "--downtime-limit", "1", "--watch");
  expect(code).toBe(6);
  expect(Migration.parse(JSON.parse(data.trim().split("\n").at(-1) ?? "")).guest).toBe("web");
  expect(talk).toMatch(/^aborted: .*limit is 1 ms/);
});
