import type { Command } from "commander";
import { bytesArgument, wholeArgument } from "./global.ts";

export interface LimitOptions {
  downtimeLimit?: number;
  deadline?: number;
  bandwidth?: number;
}

/** The limits of a migration, the same wherever they can be given. */
export function limitOptions(command: Command): Command {
  return command
    .option("--downtime-limit <ms>", "the longest switchover (default 300)", wholeArgument)
    .option("--deadline <ms>", "the longest time in all (default 3600000)", wholeArgument)
    .option("--bandwidth <bytes/s>", "cap while the guest runs", bytesArgument);
}

export function limitsOf({ downtimeLimit, deadline, bandwidth }: LimitOptions) {
  return {
    ...(downtimeLimit === undefined ? {} : { downtimeLimitMs: downtimeLimit }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
    ...(bandwidth === undefined ? {} : { bandwidthBytesPerSec: bandwidth }),
  };
}
