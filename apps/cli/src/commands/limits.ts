import { defaultPolicy, Instant, LimitsInput, type LimitsPatch, Patience, Rung } from "@godwit/contract";
import { type Command, InvalidArgumentError } from "commander";
import type { z } from "zod";
import { UsageError } from "../context.ts";
import { bytesArgument, wholeArgument } from "./global.ts";

export interface LimitOptions {
  downtimeLimit?: number;
  /** In ms, or when. */
  deadline?: number | string;
  bandwidth?: number;
  patience?: Patience;
  hold?: boolean;
  window?: NonNullable<LimitsInput["window"]>;
  remedy?: Rung[];
}

/** Where something that is there is changed, `none` takes away what may be absent. */
export interface LimitChangeOptions extends Omit<LimitOptions, "bandwidth" | "window"> {
  bandwidth?: LimitOptions["bandwidth"] | "none";
  window?: LimitOptions["window"] | "none";
}

/** The limits of a migration or a policy, the same wherever they can be given. */
export function limitOptions(command: Command): Command {
  return withFlags(command, bandwidthArgument, windowArgument, "");
}

/** Those of a migration are a policy's, but for what is given for it alone. */
export function policyAndLimitOptions(command: Command): Command {
  return limitOptions(
    command.option("--policy <name>", `whose limits it follows, but for these (default: ${defaultPolicy})`),
  );
}

export function limitChangeOptions(command: Command): Command {
  return withFlags(command, orNone(bandwidthArgument), orNone(windowArgument), ', or "none"');
}

export function limitsOf({ bandwidth, window, ...others }: LimitOptions): LimitsInput {
  return {
    ...alwaysThere(others),
    ...(bandwidth === undefined ? {} : { bandwidthBytesPerSec: bandwidth }),
    ...(window === undefined ? {} : { window }),
  };
}

/** As a merge patch (RFC 7396). */
export function limitsPatchOf({ bandwidth, window, ...others }: LimitChangeOptions): LimitsPatch {
  return {
    ...alwaysThere(others),
    ...(bandwidth === undefined ? {} : { bandwidthBytesPerSec: bandwidth === "none" ? null : bandwidth }),
    ...(window === undefined ? {} : { window: window === "none" ? null : window }),
  };
}

function alwaysThere({ downtimeLimit, deadline, patience, hold, remedy }: Omit<LimitOptions, "bandwidth" | "window">) {
  if (typeof deadline === "string") throw new UsageError("--deadline takes a number of ms here, not a time");
  return {
    ...(downtimeLimit === undefined ? {} : { downtimeLimitMs: downtimeLimit }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
    ...(patience === undefined ? {} : { patience }),
    ...(hold === undefined ? {} : { hold }),
    ...(remedy === undefined ? {} : { ladder: remedy }),
  };
}

type Parse = (text: string) => unknown;

function withFlags(command: Command, bandwidth: Parse, window: Parse, orNoneText: string): Command {
  return command
    .option("--downtime-limit <ms>", "the longest switchover", downtimeLimitArgument)
    .option(
      "--deadline <ms>",
      "the longest time from the admission to the switchover; of a migration also a time (RFC 3339) by which it is to have ended",
      deadlineArgument,
    )
    .option("--bandwidth <bytes/s>", `cap while the guest runs, such as 200MB${orNoneText}`, bandwidth)
    .option(
      "--patience <word>",
      `how long a way forward is waited for: ${Patience.options.join(", ")}`,
      patienceArgument,
    )
    .option("--hold", "bring it to the brink and keep it there until it is released")
    .option("--no-hold", "switch over as soon as it is ready")
    .option("--window <HH:MM-HH:MM>", `when a switchover may begin, every day, UTC${orNoneText}`, window)
    .option(
      "--remedy <remedy>",
      `what may be tried before it is given up: ${remedies}; several in this order`,
      remedyArgument,
    );
}

const remedies =
  "bandwidth, bandwidth=200MB, downtime=2000 (ms), throttle=0.5, postcopy, force, force=8000 (ms), or none";
const { downtimeLimitMs, deadlineMs, bandwidthBytesPerSec, window: limitsWindow, ladder } = LimitsInput.shape;

/** The contract's bounds: a value that the API would refuse is refused here, with the name of its flag. */
function allowed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "not allowed");
}

function downtimeLimitArgument(text: string): number | undefined {
  return allowed(downtimeLimitMs, wholeArgument(text));
}

function deadlineArgument(text: string): number | string | undefined {
  return Instant.safeParse(text).success ? text : allowed(deadlineMs, wholeArgument(text));
}

function bandwidthArgument(text: string): number | undefined {
  return allowed(bandwidthBytesPerSec, bytesArgument(text));
}

function patienceArgument(text: string): Patience {
  const known = Patience.safeParse(text);
  if (!known.success) throw new InvalidArgumentError(`one of ${Patience.options.join(", ")}`);
  return known.data;
}

function windowArgument(text: string): LimitsInput["window"] {
  const [from, to, ...more] = text.split("-");
  if (from === undefined || to === undefined || more.length > 0)
    throw new InvalidArgumentError("two times of day in UTC, such as 22:00-05:30");
  return allowed(limitsWindow, { from, to });
}

function orNone(parse: Parse): Parse {
  return (text) => (text === "none" ? "none" : parse(text));
}

/** Each use of the flag adds a rung to the ladder; `none` leaves the ladder empty and goes with no other. */
function remedyArgument(text: string, before: Rung[] | undefined): Rung[] {
  if (before?.length === 0 || (before !== undefined && text === "none"))
    throw new InvalidArgumentError("none goes with no other remedy");
  return text === "none" ? [] : (allowed(ladder, [...(before ?? []), rungOf(text)]) ?? []);
}

function rungOf(text: string): Rung {
  if (text === "bandwidth" || text === "force" || text === "postcopy") return { remedy: text };
  const [remedy, value, ...more] = text.split("=");
  if (value !== undefined && more.length === 0) {
    if (remedy === "bandwidth") return allowed(Rung, { remedy, maxBytesPerSec: bytesArgument(value) });
    if (remedy === "downtime") return allowed(Rung, { remedy: "downtimeLimit", maxMs: wholeArgument(value) });
    if (remedy === "force") return allowed(Rung, { remedy, maxMs: wholeArgument(value) });
    if (remedy === "throttle") return allowed(Rung, { remedy, maxShare: shareArgument(value) });
  }
  throw new InvalidArgumentError(`one of ${remedies}`);
}

function shareArgument(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("a share such as 0.5");
  return Number(text);
}
