import { Instant, PlacementRule, priorities, Priority } from "@godwit/contract";
import { InvalidArgumentError } from "commander";
import { UsageError } from "../context.ts";

/** What is asked of the planner. */
export interface SchedulingOptions {
  priority?: Priority;
  notBefore?: string;
  /** A time is asked of the planner; a number of ms is a limit. */
  deadline?: number | string;
  retry?: boolean;
  placement?: PlacementRule;
  to?: string;
}

export const priorityNames = Object.keys(priorities).join(", ");

/** As the API takes it. */
export function schedulingIn({ priority, notBefore, deadline, retry, placement, to }: SchedulingOptions) {
  if (placement !== undefined && to !== undefined) throw new UsageError("--placement goes with no --to");
  return { priority, notBefore, placement, retry, deadline: typeof deadline === "string" ? deadline : undefined };
}

/** The rest of its options: a deadline that is a time is no limit. */
export function withoutTime<Options extends SchedulingOptions>(options: Options): Options {
  return typeof options.deadline === "string" ? { ...options, deadline: undefined } : options;
}

export function priorityArgument(text: string): Priority {
  const parsed = Priority.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success) throw new InvalidArgumentError(`one of ${priorityNames}, or a number from 0 to 1000`);
  return parsed.data;
}

export function instantArgument(text: string): string {
  if (!Instant.safeParse(text).success) throw new InvalidArgumentError("a time such as 2030-01-31T22:00:00Z");
  return text;
}

export function placementArgument(text: string): PlacementRule {
  const parsed = PlacementRule.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(PlacementRule.options.join(" or "));
  return parsed.data;
}
