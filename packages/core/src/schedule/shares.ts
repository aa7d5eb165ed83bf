import { type Reason, rateText, reason } from "../reason.ts";
import type { ShareDecision } from "./decision.ts";
import { type Endpoint, type Ledger, type Side, topOf } from "./ledger.ts";
import type { RunningMove } from "./snapshot.ts";

interface Flow {
  move: RunningMove;
  sides: Side[];
  top: number;
  /** What its path carries, whatever cap of its own it has: that is lifted at the switchover. */
  pathTop: number;
  given: number;
}

/**
 * S7: one that switches over has its path; then each has what it was promised; what is left goes to the oldest that can use it,
 * because few flows that are fast converge where many slow ones do not. What is given is booked in the ledger.
 */
export function shareOut(running: readonly RunningMove[], ledger: Ledger): ShareDecision[] {
  const flows = running.toSorted(olderFirst).map((move) => flowOf(move, ledger));
  const switching = flows.filter(({ move }) => move.stage === "switching");
  for (const flow of switching) give(flow, flow.top);
  const yielding = new Set(switching.flatMap(({ sides }) => sides.filter(({ direction }) => direction !== "cluster")));
  const others = flows.filter(({ move }) => move.stage !== "switching");
  for (const flow of others) give(flow, flow.move.guaranteedBytesPerSec);
  for (const flow of others) give(flow, flow.top);
  return flows.map((flow) =>
    decisionOf(
      flow,
      flow.sides.some((side) => yielding.has(side)),
    ),
  );
}

function olderFirst(a: RunningMove, b: RunningMove): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1);
}

function flowOf(move: RunningMove, ledger: Ledger): Flow {
  const [source, destination] = [ledger.endpoints.get(move.sourceId), ledger.endpoints.get(move.destinationId)];
  const sides = [source?.out, destination?.in, ledger.cluster].filter((side) => side !== undefined);
  const top = topBetween(ledger, source, destination, move.capBytesPerSec);
  return { move, sides, top, pathTop: topBetween(ledger, source, destination, undefined), given: 0 };
}

function topBetween(
  ledger: Ledger,
  source: Endpoint | undefined,
  destination: Endpoint | undefined,
  cap: number | undefined,
) {
  return source === undefined
    ? Math.min(ledger.streamBytesPerSec, cap ?? Infinity)
    : topOf(ledger, source, destination, cap);
}

/** Up to `wanted` more, as far as all its sides have it. */
function give(flow: Flow, wanted: number): void {
  const most = Math.min(wanted, flow.top - flow.given, ...flow.sides.map(({ free }) => free));
  if (!(most > 0)) return;
  flow.given += most;
  if (most !== Infinity) for (const side of flow.sides) side.free -= most;
}

function decisionOf(flow: Flow, stepsBack: boolean): ShareDecision {
  const { move, given, pathTop } = flow;
  return {
    kind: "share",
    migrationId: move.id,
    bytesPerSec: given === Infinity ? undefined : given,
    reservedBytesPerSec: pathTop === Infinity ? undefined : pathTop,
    because: becauseOf(flow, stepsBack),
  };
}

function becauseOf({ move, given, top }: Flow, stepsBack: boolean): Reason {
  if (given === Infinity) return reason("NO_BUDGET", "Nobody has said what its path may carry.");
  const promised = Math.min(move.guaranteedBytesPerSec, top);
  const inputs = { bytesPerSec: given, promisedBytesPerSec: promised, topBytesPerSec: top };
  if (move.stage === "switching") {
    return reason("SWITCHOVER", `${rateText(given)}: it is in its switchover, and the others step back.`, inputs);
  }
  if (given < promised && stepsBack) {
    return reason("STEPS_BACK", `${rateText(given)} while another one on its path switches over.`, inputs);
  }
  const rest = given > promised ? `, and ${rateText(given - promised)} that the others leave` : "";
  return reason("SHARE", `${rateText(Math.min(given, promised))} that it was promised${rest}.`, inputs);
}
