import { type Policy, plainPolicy } from "../src/convergence/policy.ts";
import type { Limits } from "../src/migration/limits.ts";
import { GB } from "./figures.ts";

/** 300 ms over a link of 1 GB/s, an hour of time; what is not said is as a recorded run has it. */
export const gigabyteLink: Policy = {
  ...plainPolicy,
  downtimeLimitMs: 300,
  deadlineMs: 3_600_000,
  linkBytesPerSec: GB,
};

/** Nobody has said what the link carries. */
export const unknownLink: Policy = { ...gigabyteLink, linkBytesPerSec: undefined };

export const plainLimits: Limits = {
  downtimeLimitMs: 300,
  deadlineMs: 600_000,
  patience: "normal",
  ladder: [],
  hold: false,
};
