import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { grade } from "../../apps/cli/src/replay/grade.ts";
import { readTrace } from "../../apps/cli/src/replay/read-trace.ts";
import { policyOfTrace, replay } from "@godwit/core";
import { runGodwit } from "./run-godwit.ts";

const folder = fileURLToPath(new URL("../traces/", import.meta.url));
const files = readdirSync(folder).map((name) => join(folder, name));
const Line = z.strictObject({
  file: z.string(),
  verdict: z.enum(["switchover", "abort", "none"]),
  reason: z.string().nullable(),
  atMs: z.number(),
  predictedDowntimeMs: z.number().nullable(),
  exactQueries: z.number(),
});

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "godwit-replay-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

describe("recorded runs", () => {
  test("there are some, and every one says what it is held to", async () => {
    expect(files.length).toBeGreaterThanOrEqual(10);
    for (const file of files) expect((await readTrace(file)).expect?.latestMs).toBeGreaterThan(0);
  });

  test.each(files.map((file) => [file.slice(folder.length), file]))(
    "C1 to C8: %s is decided as it expects",
    async (_, file) => {
      const { trace, expect: expected } = await readTrace(file);
      const outcome = replay(trace, policyOfTrace(trace.header));
      expect(grade(trace, expected, outcome)).toEqual([]);
    },
  );
});

describe("godwit replay", () => {
  test("L4: prints a line of JSON a file, and the same again", async () => {
    const first = await runGodwit(["replay", "--json", ...files]);
    expect(first.code).toBe(0);
    const lines = first.stdout
      .trim()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)));
    expect(lines.map(({ file }) => file)).toEqual(files);
    for (const { verdict, reason } of lines) expect(reason === null).toBe(verdict !== "abort");
    expect((await runGodwit(["replay", ...files, "--json"])).stdout).toBe(first.stdout);
  });

  test("shows a table with the sentence of each verdict, and two policies side by side", async () => {
    const [file = ""] = files;
    const table = await runGodwit(["replay", file]);
    expect(table.stdout).toMatch(/TRACE +VERDICT +REASON/);
    expect(table.stdout).toMatch(/as expected\n\n.*\n {2}Predicted downtime .* fits the limit/);
    const compared = await runGodwit(["replay", "--compare", "gentle", "fast", file]);
    expect(compared.stdout).toMatch(/TRACE +GENTLE .* FAST /);
    expect(compared.code).toBe(0);
  });

  test("a policy of one's own is read from a file; one that is wrong is pointed at", async () => {
    const [good, bad] = [join(scratch, "good.json"), join(scratch, "bad.json")];
    await writeFile(good, JSON.stringify({ downtimeLimitMs: 5_000, patience: "impatient" }));
    await writeFile(bad, JSON.stringify({ downtimeLimitMs: 0 }));
    const uniform = files.find((file) => file.includes("uniform")) ?? "";
    const eased = await runGodwit(["replay", "--json", "--policy", good, uniform]);
    expect(JSON.parse(eased.stdout)).toMatchObject({ verdict: "switchover" });
    const refused = await runGodwit(["replay", "--policy", bad, uniform]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("/downtimeLimitMs");
  });

  test.each([
    ["no JSON", "nonsense", /:1: not JSON/],
    [
      "a header without a limit",
      JSON.stringify({ tickMs: 250, ramBytes: 1, syncMs: 1, policy: {}, devices: [{ id: "ram" }] }),
      /:1: \/policy\/limitMs/,
    ],
    ["nothing", "", /is empty/],
  ])("a file with %s is told with its line and member, and the others are replayed", async (_, text, told) => {
    const [file = ""] = files;
    const wrong = join(scratch, "wrong.jsonl");
    await writeFile(wrong, text);
    const { code, stdout, stderr } = await runGodwit(["replay", "--json", wrong, file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(told);
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });

  test("without a file it says how it is used", async () => {
    expect(await runGodwit(["replay"])).toMatchObject({ code: 2, stdout: "" });
  });
});
