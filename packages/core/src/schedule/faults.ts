import { isOpen, type MaintenanceWindow, opensNext } from "./window.ts";

/** What is asked of the planner and cannot be meant. */
export interface ScheduleFault {
  code: "deadline-passed" | "window-never-opens";
  field: "deadline" | "maintenanceWindows";
  sentence: string;
}

/** S9: said when it is asked for, and not only when it is its turn. */
export function scheduleFaults(
  asked: { notBefore?: number | undefined; deadlineAt?: number | undefined; windows: readonly MaintenanceWindow[] },
  now: number,
): ScheduleFault[] {
  const { notBefore = now, deadlineAt = Infinity, windows } = asked;
  const from = Math.max(now, notBefore);
  if (deadlineAt <= now) return [late("The deadline has passed.")];
  if (deadlineAt <= from) return [late("It is not to start before its deadline.")];
  if (isOpen(windows, from)) return [];
  const opensAt = opensNext(windows, from);
  if (opensAt === undefined) return [shut("None of the windows opens again.")];
  return opensAt < deadlineAt ? [] : [shut("None of the windows opens before the deadline.")];
}

function late(sentence: string): ScheduleFault {
  return { code: "deadline-passed", field: "deadline", sentence };
}

function shut(sentence: string): ScheduleFault {
  return { code: "window-never-opens", field: "maintenanceWindows", sentence };
}
