import { rateText } from "../reason.ts";
import type { MigrationEvent, Notice, Step } from "./events.ts";
import type { Share } from "./scheduling.ts";
import type { Precopy, Preflight } from "./state.ts";

/** S7: what it may take of its links has changed. It is told when the figure is another one, not as often as it is reckoned. */
export function shared<State extends Preflight | Precopy>(
  state: State,
  { bytesPerSec, reservedBytesPerSec, because }: MigrationEvent & { type: "shared" },
): Step<State> {
  const before = state.share;
  if (before === undefined) return { state, effects: [], notices: [] };
  const mostBytesPerSec = hasMore(before, bytesPerSec) ? bytesPerSec : before.mostBytesPerSec;
  const next = { ...state, share: { ...before, bytesPerSec, reservedBytesPerSec, mostBytesPerSec, because } };
  if (bytesPerSec === before.bytesPerSec) return { state: next, effects: [], notices: [] };
  const notice: Notice = {
    type: "migration.share",
    sentence: `Its share is ${textOf(bytesPerSec)}, after ${textOf(before.bytesPerSec)}: ${because.sentence}`,
    data: { ...because.inputs, code: because.code },
  };
  return { state: next, effects: [], notices: [notice] };
}

/** S9: the planner holds it at the brink while its windows are shut; somebody's own hold is another thing. */
export function windowed<State extends Preflight | Precopy>(
  state: State,
  { shut }: MigrationEvent & { type: "windowed" },
): Step<State> {
  const next = { ...state, windowShut: shut };
  if ((shut === undefined) === (state.windowShut === undefined)) return { state: next, effects: [], notices: [] };
  const sentence = shut?.sentence ?? "Its maintenance window is open.";
  const data = { ...shut?.inputs, code: shut?.code ?? "WINDOW_OPEN" };
  return { state: next, effects: [], notices: [{ type: "migration.decision", sentence, data }] };
}

/** Noticeably more than it ever had: what was seen of it under less says little of it now. */
export function hasMore({ mostBytesPerSec = Infinity }: Share, bytesPerSec: number = Infinity): boolean {
  return bytesPerSec > noticeable * mostBytesPerSec;
}

const noticeable = 1.1;

function textOf(bytesPerSec: number | undefined): string {
  return bytesPerSec === undefined ? "whatever its path carries" : rateText(bytesPerSec);
}
