import type { Drain, DrainGuest, DrainObstacle, DrainPlan } from "@godwit/contract";
import { bytes, duration, range, table, utc } from "./format.ts";
import { limitsText } from "./migration-text.ts";

export function drainTable(drains: Drain[]): string {
  const rows = drains.map((drain) => [
    drain.id,
    drain.host,
    drain.phase,
    countsText(drain),
    drain.deadline === undefined ? "-" : utc(drain.deadline),
    drain.reason?.code ?? "-",
  ]);
  return table(["ID", "HOST", "PHASE", "GUESTS", "DEADLINE", "REASON"], rows);
}

/** Where a drain stands, in one line. */
export function drainStatus(drain: Drain): string {
  const eta =
    drain.etaRangeMs === undefined || drain.counts.queued + drain.counts.moving === 0 ? [] : [drain.etaRangeMs];
  const left = eta.map((each) => `about ${range(each)} to go`);
  return [`${drain.host}  ${drain.phase}`, countsText(drain), ...left].join("  ");
}

export function drainLines(drain: Drain): string[] {
  return [drainStatus(drain), ...bodyLines(drain)];
}

/** What a drain would do, guest by guest, and what stands in its way. */
export function drainPlanLines(plan: DrainPlan): string[] {
  const { host, possible, counts, etaRangeMs } = plan;
  const all = counts.queued + counts.blocked;
  const takes = etaRangeMs === undefined ? "" : `, about ${range(etaRangeMs)} in all`;
  return [
    `${host}: ${all} ${all === 1 ? "guest" : "guests"}, ${possible ? "all can go" : `${counts.blocked} blocked`}${takes}`,
    ...bodyLines(plan),
  ];
}

/** What a drain and the plan of one tell below their first line. */
function bodyLines({ reason, deadline, policy, limits, guests }: Drain | DrainPlan): string[] {
  return [
    ...(reason === undefined ? [] : [`  ${reason.sentence}`]),
    ...(deadline === undefined ? [] : [`  deadline ${utc(deadline)}`]),
    `  policy ${policy ?? "none"}: ${limitsText(limits)}`,
    ...guestLines(guests),
  ];
}

function guestLines(guests: DrainGuest[]): string[] {
  if (guests.length === 0) return ["  no guests"];
  const rows = guests.map((guest) => [
    guest.guest,
    guest.state,
    guest.destination ?? "-",
    guest.sizeBytes === undefined ? "-" : bytes(guest.sizeBytes),
    guest.durationRangeMs === undefined ? "-" : range(guest.durationRangeMs),
    downtimeText(guest),
  ]);
  const figures = table(["GUEST", "STATE", "TO", "SIZE", "TAKES", "DOWNTIME"], rows).split("\n");
  return [...figures.map((line) => `  ${line}`), ...guests.flatMap(explained)];
}

function downtimeText({ downtimeMs, predictedDowntimeRangeMs }: DrainGuest): string {
  if (downtimeMs !== undefined) return duration(downtimeMs);
  return predictedDowntimeRangeMs === undefined ? "-" : range(predictedDowntimeRangeMs);
}

function explained({ guest, state, reason, remedy, obstacles }: DrainGuest): string[] {
  if (reason === undefined) return [];
  if (state !== "blocked") return [`  ${guest}: ${reason.sentence}`];
  return [
    `  ${guest} is blocked: ${reason.sentence}${remedy === undefined ? "" : ` ${remedy}`}`,
    ...obstacleLines(obstacles).map((line) => `  ${line}`),
  ];
}

/** What stands against each host, below the guest that could not go there. */
export function obstacleLines(obstacles: DrainObstacle[]): string[] {
  return obstacles.map(({ host, code, sentence }) => `  ${host}: ${code}: ${sentence}`);
}

function countsText({ counts }: Drain): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.length === 0 ? "no guests" : parts.map(([state, count]) => `${count} ${state}`).join(", ");
}
