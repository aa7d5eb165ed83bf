import { bytesText, type Reason, rateText, reason } from "../reason.ts";
import { barrierOf, refusalOf } from "./barriers.ts";
import type { ScheduleDecision, WindowDecision } from "./decision.ts";
import { expectedStart, queueUp } from "./expected.ts";
import { type Endpoint, type Ledger, openLedger, take, topOf } from "./ledger.ts";
import { type Entry, inOrder } from "./order.ts";
import { Placement } from "./placement.ts";
import { conditionsOf, differs } from "./retry.ts";
import {
  leastToStart,
  type Obstacle,
  obstacleAtSource,
  type Room,
  roomFor,
  want,
  worthFilling,
  worthStarting,
} from "./room.ts";
import { shareOut } from "./shares.ts";
import type { FleetSnapshot, RunningMove } from "./snapshot.ts";
import { isOpen, opensNext } from "./window.ts";

/**
 * The scheduler: what each running migration may take and whether it may switch over, then for each queued one, in the order of S4,
 * whether it starts, waits or never will. Level-triggered: the same picture gives the same decisions, in whatever order it is listed.
 */
export function plan(snapshot: FleetSnapshot, now: number): ScheduleDecision[] {
  const ledger = openLedger(snapshot);
  const shares = shareOut(snapshot.running, ledger);
  const desk: Desk = {
    ledger,
    placement: new Placement(ledger),
    isPaused: snapshot.cluster.paused,
    moving: new Map(snapshot.running.map(({ guestId, id }) => [guestId, id])),
    forRests: [],
    now,
  };
  const entries = inOrder(snapshot.queued, snapshot.running, ledger, now);
  const queue = fill(
    entries.map((entry) => decide(entry, desk)),
    desk,
  );
  return [...shares, ...windowsOf(snapshot.running, now), ...queue];
}

interface Desk {
  ledger: Ledger;
  placement: Placement;
  isPaused: boolean;
  /** By guest: the migration that moves it. */
  moving: Map<string, string>;
  /** Those that wait for bandwidth where some is left. */
  forRests: Entry[];
  now: number;
}

function decide(entry: Entry, desk: Desk): ScheduleDecision {
  const { ledger, now } = desk;
  const { id } = entry.move;
  const refusal = refusalOf(entry, ledger, now);
  if (refusal !== undefined) return { kind: "refuse", migrationId: id, because: refusal };
  const barrier = barrierOf(entry, desk.isPaused, now) ?? withoutHosts(entry, desk);
  if (barrier !== undefined) {
    return { kind: "wait", migrationId: id, waitsFor: barrier.waitsFor, expectedStartAt: barrier.until };
  }
  const outcome = start(entry, desk, worthStarting);
  if ("kind" in outcome) return outcome;
  const expectedStartAt = expectedStart(entry, ledger, now);
  queueUp(entry, ledger);
  if (entry.destination !== undefined) desk.placement.changed(entry.destination);
  return { kind: "wait", migrationId: id, waitsFor: outcome.waitsFor, expectedStartAt };
}

/** S6: what the links have left after that, too little to be worth a flow beside a better one, goes to the first that can live on it. */
function fill(decided: ScheduleDecision[], desk: Desk): ScheduleDecision[] {
  const filled = [...decided];
  // Those that go on waiting are noted anew.
  const waiting = desk.forRests.splice(0);
  for (const entry of waiting) {
    if (desk.moving.has(entry.move.guestId) || !canLiveOnRest(entry, desk)) continue;
    const outcome = start(entry, desk, worthFilling);
    if ("kind" in outcome) filled[entry.place] = outcome;
  }
  return filled;
}

/** Looked at before anything is worked out for a sentence: thousands may wait. */
function canLiveOnRest(entry: Entry, { ledger, placement }: Desk): boolean {
  const { move, source, destination } = entry;
  if (source === undefined) return false;
  if (destination === undefined) return placement.hasPlace(entry, source, worthFilling);
  const least = leastToStart(
    move.neededBytesPerSec,
    topOf(ledger, source, destination, move.capBytesPerSec),
    worthFilling,
  );
  return Math.min(source.out.free, destination.in.free, ledger.cluster.free) >= least;
}

/** A guest that is on the move, or a host that takes part in nothing now. */
function withoutHosts(
  { move, source, destination }: Entry,
  desk: Desk,
): { waitsFor: Reason; until: undefined } | undefined {
  const other = desk.moving.get(move.guestId);
  if (other !== undefined) {
    const sentence = `It waits for migration ${other}, which moves the same guest.`;
    return { waitsFor: reason("GUEST_MOVING", sentence, { migrationId: other }), until: undefined };
  }
  const waitsFor =
    unfit(source, false) ?? (move.destinationId === undefined ? undefined : unfit(destination, move.returns !== true));
  return waitsFor && { waitsFor, until: undefined };
}

function unfit(endpoint: Endpoint | undefined, comesTo: boolean): Reason | undefined {
  const host = endpoint?.host.name ?? "a host";
  if (endpoint?.host.connected !== true) {
    return reason("HOST_OFFLINE", `It waits for the agent of ${host} to connect.`, { host });
  }
  if (endpoint.host.paused) return reason("HOST_PAUSED", `It waits for ${host}, which is paused.`, { host });
  if (!comesTo || !endpoint.host.cordoned) return undefined;
  return reason("HOST_CORDONED", `It waits for ${host}, which is cordoned: nothing is started to it.`, { host });
}

/** S5: it starts if every count and every link on its path has room for it. */
function start(entry: Entry, desk: Desk, worth: number): ScheduleDecision | { waitsFor: Reason } {
  const { ledger, placement } = desk;
  const { source } = entry;
  if (source === undefined) return { waitsFor: reason("HOST_OFFLINE", "It waits for the agent of a host to connect.") };
  const away = entry.destination === undefined ? obstacleAtSource(entry, source, ledger) : undefined;
  if (away !== undefined) return wait(entry, source, undefined, away, desk);
  const placed =
    entry.destination === undefined ? placement.find(entry, source, worth) : { destination: entry.destination };
  if (!("destination" in placed)) {
    const { waitsFor, best } = placed;
    return wait(entry, source, best, { waitsFor, on: best?.in, isRest: true }, desk);
  }
  const { destination } = placed;
  if (destination.freeBytes < entry.move.memoryBytes) return { waitsFor: noMemory(entry, destination) };
  const room = roomFor(entry, source, destination, ledger, worth);
  if ("waitsFor" in room) return wait(entry, source, destination, room, desk);
  return admit(entry, source, destination, room, desk);
}

function wait(
  entry: Entry,
  source: Endpoint,
  destination: Endpoint | undefined,
  obstacle: Obstacle,
  desk: Desk,
): { waitsFor: Reason } {
  if (obstacle.isRest) desk.forRests.push(entry);
  want(entry, obstacle, source, destination, desk.now);
  return obstacle;
}

function noMemory({ move }: Entry, { host, freeBytes }: Endpoint): Reason {
  const free = Math.max(0, freeBytes);
  const sentence = `It waits for memory: ${bytesText(free)} are free on ${host.name}, and it needs ${bytesText(move.memoryBytes)}.`;
  return reason("NO_MEMORY", sentence, { host: host.name, freeBytes: free, memoryBytes: move.memoryBytes });
}

function admit(
  entry: Entry,
  source: Endpoint,
  destination: Endpoint,
  { bytesPerSec, guaranteedBytesPerSec }: Room,
  { ledger, placement, moving }: Desk,
): ScheduleDecision | { waitsFor: Reason } {
  const { move } = entry;
  const conditions = conditionsOf(move, destination, bytesPerSec);
  const compared = differs(move.attempts, conditions);
  if (compared.same !== undefined) return { waitsFor: compared.same };
  take(ledger, source, destination, entry, bytesPerSec === Infinity ? 0 : bytesPerSec);
  placement.changed(destination);
  moving.set(move.guestId, move.id);
  return {
    kind: "admit",
    migrationId: move.id,
    destinationId: destination.host.id,
    guaranteedBytesPerSec,
    bytesPerSec: conditions.shareBytesPerSec,
    conditions,
    because: becauseOf(source, destination, { bytesPerSec, guaranteedBytesPerSec }, compared.change),
  };
}

function becauseOf(source: Endpoint, destination: Endpoint, room: Room, change: string | undefined): Reason {
  const { bytesPerSec, guaranteedBytesPerSec } = room;
  const inputs: Reason["inputs"] = { source: source.host.name, destination: destination.host.name };
  let has = "have slots for it";
  if (bytesPerSec !== Infinity) {
    Object.assign(inputs, { bytesPerSec, guaranteedBytesPerSec });
    has = `have ${rateText(bytesPerSec)} for it, of which it keeps ${rateText(guaranteedBytesPerSec)}`;
  }
  const sentence = `${source.host.name} and ${destination.host.name} ${has}.`;
  if (change === undefined) return reason("ADMITTED", sentence, inputs);
  return reason("TRIED_AGAIN", `${sentence} New since it failed: ${change}.`, { ...inputs, change });
}

/** S9: those that run hold at the brink while their windows are shut. */
function windowsOf(running: readonly RunningMove[], now: number): WindowDecision[] {
  return running
    .filter(({ windows, stage }) => windows.length > 0 && stage !== "switching")
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, windows }) => {
      if (isOpen(windows, now)) {
        return { kind: "release", migrationId: id, because: reason("WINDOW_OPEN", "Its maintenance window is open.") };
      }
      const opensAt = opensNext(windows, now);
      const because = reason(
        "WINDOW_SHUT",
        "Its maintenance window is shut: it is held at the brink.",
        opensAt === undefined ? {} : { opensAt },
      );
      return { kind: "hold", migrationId: id, because };
    });
}
