import {
  type MaintenanceWindow,
  type PlacementRule,
  priorities,
  type Priority,
  type SchedulingInput,
} from "@godwit/contract";
import { type Scheduling, scheduleFaults, unlearntHandover } from "@godwit/core";
import type { Store } from "@godwit/store";
import { ProblemError } from "../problem.ts";
import type { Survey } from "../survey.ts";

/** What is asked of the planner, over what the API lets people say of it. */
export interface AskedSchedule extends SchedulingInput {
  drainId?: string | undefined;
  /** Whose it is: within a priority, groups take turns. */
  group: string;
  /** By which rule the planner takes a destination, where none is named. */
  placement?: PlacementRule | undefined;
}

/** When it may start and must have ended, in ms since 1970. */
export type Times = Pick<Scheduling, "notBefore" | "deadlineAt" | "windows">;

/** What is asked of the planner for one that has failed before. */
export type Line = Pick<Scheduling, "retryOf" | "attempts">;

/** @throws {ProblemError} for what cannot be meant, with the field that says it. */
export function schedulingBy(asked: AskedSchedule, found: Survey, now: number, times = timesOf(asked)): Scheduling {
  expectMeant(times, now);
  const { devices, dirty } = found;
  const sum = (of: (device: Survey["devices"][number]) => number) => devices.reduce((all, each) => all + of(each), 0);
  return {
    ...times,
    priority: priorityOf(asked.priority),
    group: asked.group,
    drainId: asked.drainId,
    memoryBytes: sum(({ sizeBytes }) => sizeBytes),
    stopcopyBytes: sum(({ pending }) => pending.stopcopyBytes),
    fixedMs: unlearntHandover.ms + Math.max(0, ...devices.map(({ pending }) => pending.fixedMs)),
    dirty,
    keepApart: asked.keepApart ?? found.guest.keepApart,
    placement: found.fit === undefined ? undefined : { how: asked.placement ?? "spread", hosts: found.fit },
    retry: asked.retry ?? false,
    attempts: [],
  };
}

function timesOf({ notBefore, deadline, maintenanceWindows = [] }: AskedSchedule): Times {
  return {
    notBefore: instantOf(notBefore),
    deadlineAt: instantOf(deadline),
    windows: maintenanceWindows.map(windowOf),
  };
}

/** S17: a label that no guest has keeps nothing apart. @throws {ProblemError} */
export async function expectLabel({ guests }: Pick<Store, "guests">, label: string | undefined): Promise<void> {
  if (label === undefined) return;
  const labels = await guests.labelsByHost();
  if ([...labels.values()].some((each) => each.includes(label))) return;
  const detail = `No guest has the label "${label}".`;
  throw new ProblemError("unknown-label", `/keepApart: ${detail}`, { errors: [{ pointer: "/keepApart", detail }] });
}

function expectMeant(times: Times, now: number): void {
  const faults = scheduleFaults(times, now);
  const [first] = faults;
  if (first === undefined) return;
  const errors = faults.map(({ field, sentence }) => ({ pointer: `/${field}`, detail: sentence }));
  throw new ProblemError(first.code, `/${first.field}: ${first.sentence}`, { errors });
}

function priorityOf(priority: Priority = "user"): number {
  return typeof priority === "number" ? priority : priorities[priority];
}

function windowOf({ opensAt, closesAt, everyMs }: MaintenanceWindow): Scheduling["windows"][number] {
  return { opensAt: Date.parse(opensAt), closesAt: Date.parse(closesAt), everyMs };
}

function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
