import { Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import {
  type LimitChangeOptions,
  limitChangeOptions,
  type LimitOptions,
  limitOptions,
  limitsOf,
  limitsPatchOf,
  policyAndLimitOptions,
} from "./limits.ts";

function withFlags(add: (command: Command) => Command, flags: string[]): Command {
  const command = add(new Command("try").exitOverride().configureOutput({ writeErr: () => undefined }));
  return command.parse(flags, { from: "user" });
}

const limits = (...flags: string[]) => limitsOf(withFlags(limitOptions, flags).opts<LimitOptions>());
const patch = (...flags: string[]) => limitsPatchOf(withFlags(limitChangeOptions, flags).opts<LimitChangeOptions>());

/** What a wrong flag is told. */
function refusal(...flags: string[]): string {
  try {
    limits(...flags);
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  return "it was taken";
}

test("without a flag nothing differs from the policy", () => {
  expect([limits(), patch()]).toEqual([{}, {}]);
  expect(withFlags(policyAndLimitOptions, ["--policy", "gentle"]).opts()).toEqual({ policy: "gentle" });
});

test("every limit has its flag", () => {
  const flags = [
    "--downtime-limit",
    "500",
    "--deadline",
    "60000",
    "--bandwidth",
    "200MB",
    "--patience",
    "untilDeadline",
  ];
  expect(limits(...flags, "--hold", "--window", "22:00-05:30", "--remedy", "force")).toEqual({
    downtimeLimitMs: 500,
    deadlineMs: 60_000,
    bandwidthBytesPerSec: 200_000_000,
    patience: "untilDeadline",
    hold: true,
    window: { from: "22:00", to: "05:30" },
    ladder: [{ remedy: "force" }],
  });
  expect(limits("--no-hold")).toEqual({ hold: false });
});

test("remedies come in the order in which they are given", () => {
  const specs = ["downtime=2000", "bandwidth=200MB", "throttle=0.5", "force"];
  expect(limits(...specs.flatMap((spec) => ["--remedy", spec])).ladder).toEqual([
    { remedy: "downtimeLimit", maxMs: 2_000 },
    { remedy: "bandwidth", maxBytesPerSec: 200_000_000 },
    { remedy: "throttle", maxShare: 0.5 },
    { remedy: "force" },
  ]);
  expect(limits("--remedy", "bandwidth").ladder).toEqual([{ remedy: "bandwidth" }]);
  expect(limits("--remedy", "none").ladder).toEqual([]);
});

test("none takes away what may be absent, where something that is there is changed", () => {
  expect(patch("--bandwidth", "none", "--window", "none")).toEqual({ bandwidthBytesPerSec: null, window: null });
  expect(patch("--bandwidth", "1MB", "--window", "01:00-02:00")).toEqual({
    bandwidthBytesPerSec: 1_000_000,
    window: { from: "01:00", to: "02:00" },
  });
});

describe("A2: a value that cannot be meant is refused with the name of its flag", () => {
  test.each([
    [["--downtime-limit", "0"], /--downtime-limit .*'0' is invalid.*>=1/],
    [["--downtime-limit", "a while"], /--downtime-limit .*whole number/],
    [["--downtime-limit", "2000001"], /--downtime-limit .*<=2000000/],
    [["--deadline", "10"], /--deadline .*>=1000/],
    [["--bandwidth", "fast"], /--bandwidth .*a size such as/],
    [["--bandwidth", "1kB"], /--bandwidth .*>=65536/],
    [["--bandwidth", "none"], /--bandwidth .*a size such as/],
    [["--patience", "saintly"], /--patience .*impatient, normal, patient, untilDeadline/],
    [["--window", "22:00"], /--window .*22:00-05:30/],
    [["--window", "24:00-01:00"], /--window .*HH:MM/],
    [["--window", "1:00-2:00"], /--window .*HH:MM/],
    [["--window", "01:00-01:00"], /--window .*never open/],
    [["--window", "none"], /--window .*22:00-05:30/],
    [["--remedy", "prayer"], /--remedy .*one of bandwidth/],
    [["--remedy", "downtime"], /--remedy .*one of bandwidth/],
    [["--remedy", "downtime=0"], /--remedy .*>=1/],
    [["--remedy", "throttle=1"], /--remedy .*<=0.99/],
    [["--remedy", "throttle="], /--remedy .*a share/],
    [["--remedy", "bandwidth=1"], /--remedy .*>=65536/],
    [["--remedy", "postcopy=1"], /--remedy .*one of bandwidth/],
    [["--remedy", "force", "--remedy", "force"], /--remedy .*at most once/],
    [["--remedy", "force", "--remedy", "none"], /--remedy .*no other/],
    [["--remedy", "none", "--remedy", "force"], /--remedy .*no other/],
  ])("%j", (flags, told) => {
    expect(refusal(...flags)).toMatch(told);
  });
});
