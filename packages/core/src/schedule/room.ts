import { type Reason, rateText, reason } from "../reason.ts";
import { type Counter, type Endpoint, type Ledger, type Side, topOf } from "./ledger.ts";
import { guaranteeOf } from "./need.ts";
import { type Entry, generationMs } from "./order.ts";

/** A flow with less of its path than that only lengthens what runs beside it; unless nobody else would have it, then it may be this little. */
export const worthStarting = 0.25;
export const worthFilling = 0.05;

export interface Room {
  bytesPerSec: number;
  guaranteedBytesPerSec: number;
}

/** What is in the way, and on which link or count. */
export interface Obstacle {
  waitsFor: Reason;
  on: Side | undefined;
  /** Some bandwidth is left, and it may do for filling. */
  isRest?: true;
}

/** S5, S6: slots first, then whether what is free would let it converge and is so large a part of its path as to be worth a flow. */
export function roomFor(
  entry: Entry,
  source: Endpoint,
  destination: Endpoint,
  ledger: Ledger,
  worth: number,
): Room | Obstacle {
  const sides = [ledger.cluster, source.out, destination.in];
  return (
    full(sides) ??
    unprepared([source, destination], ledger) ??
    kept(entry, sides) ??
    share(entry, source, destination, ledger, worth)
  );
}

/** What keeps it from starting wherever it goes; asked before a destination is looked for. */
export function obstacleAtSource(entry: Entry, source: Endpoint, ledger: Ledger): Obstacle | undefined {
  const sides = [ledger.cluster, source.out];
  return full(sides) ?? unprepared([source], ledger) ?? kept(entry, sides) ?? spent(sides);
}

/** One that waits for a link keeps it from those of a lower priority; one that has waited too long keeps all of its path from whoever was asked for later. */
export function want(
  entry: Entry,
  { on }: Obstacle,
  source: Endpoint,
  destination: Endpoint | undefined,
  now: number,
): void {
  if (on === undefined) return;
  on.wantedBy ??= entry;
  if (!hasWaitedTooLong(entry, now)) return;
  for (const side of [on, source.out, destination?.in]) if (side) side.keptFor ??= entry;
}

export function hasWaitedTooLong({ generation, since }: Entry, now: number): boolean {
  return generation < 0 || now - since >= generationMs;
}

/** Beside others: what it is guaranteed then, and no less than what is worth a flow; without a budget nothing. */
export function leastToStart(neededBytesPerSec: number | undefined, top: number, worth: number): number {
  if (top === Infinity) return 0;
  return Math.max(guaranteeOf(neededBytesPerSec, top), worth * top);
}

/** Who keeps this link from it. */
export function goesBefore({ move, generation }: Entry, { wantedBy, keptFor }: Side): Entry | undefined {
  if (wantedBy !== undefined && move.priority < wantedBy.move.priority) return wantedBy;
  if (keptFor === undefined) return undefined;
  return move.priority < keptFor.move.priority || generation > keptFor.generation ? keptFor : undefined;
}

function full(sides: Side[]): Obstacle | undefined {
  const on = sides.find(isFull);
  if (on === undefined) return undefined;
  on.fullReason ??= fullText(on);
  return { waitsFor: on.fullReason, on };
}

function isFull({ taken, limit }: Counter): boolean {
  return taken >= limit;
}

function fullText({ name, direction, taken, limit }: Side): Reason {
  const what = direction === "cluster" ? "slots of the cluster" : `${direction} slots on ${name}`;
  const inputs = { host: name, direction, used: taken, slots: limit };
  return reason("SLOTS_TAKEN", `It waits for a slot: ${taken} of ${limit} ${what} are taken.`, inputs);
}

function unprepared(endpoints: Endpoint[], ledger: Ledger): Obstacle | undefined {
  if (isFull(ledger.preparing)) return preparing(ledger.cluster, ledger.preparing);
  const busy = endpoints.find((endpoint) => isFull(endpoint.preparing));
  if (busy === undefined) return undefined;
  return preparing(busy === endpoints[0] ? busy.out : busy.in, busy.preparing);
}

function preparing(on: Side, { taken, limit }: Counter): Obstacle {
  const sentence = `It waits to be prepared: ${taken} of ${limit} preparations of ${on.name} are under way.`;
  return { waitsFor: reason("PREPARATIONS_TAKEN", sentence, { host: on.name, used: taken, slots: limit }), on };
}

function kept(entry: Entry, sides: Side[]): Obstacle | undefined {
  for (const on of sides) {
    const first = goesBefore(entry, on);
    if (first === undefined) continue;
    const place =
      on.direction === "cluster" ? "the cluster's bandwidth" : `the ${on.direction} bandwidth of ${on.name}`;
    const sentence = `It waits for its turn: ${place} is kept for migration ${first.move.id}.`;
    return { waitsFor: reason("KEPT_FOR_ANOTHER", sentence, { host: on.name, keptFor: first.move.id }), on };
  }
  return undefined;
}

function share(entry: Entry, source: Endpoint, destination: Endpoint, ledger: Ledger, worth: number): Room | Obstacle {
  const top = topOf(ledger, source, destination, entry.move.capBytesPerSec);
  const sides = [ledger.cluster, source.out, destination.in];
  const obstacle = tooLittle(entry, sides, top, worth);
  if (obstacle !== undefined) return obstacle;
  const bytesPerSec = bytesPerSecFor(entry, source, destination, ledger);
  return { bytesPerSec, guaranteedBytesPerSec: Math.min(bytesPerSec, guaranteeOf(entry.move.neededBytesPerSec, top)) };
}

/** All that its path has left. */
export function bytesPerSecFor({ move }: Entry, source: Endpoint, destination: Endpoint, ledger: Ledger): number {
  const top = topOf(ledger, source, destination, move.capBytesPerSec);
  return Math.min(top, ledger.cluster.free, source.out.free, destination.in.free);
}

function tooLittle({ move }: Entry, sides: Side[], top: number, worth: number): Obstacle | undefined {
  const least = leastToStart(move.neededBytesPerSec, top, worth);
  const on = sides.find(({ free }) => free < least);
  if (on === undefined) return undefined;
  if (sides.some(({ free }) => free === 0)) return spent(sides);
  const inputs = { host: on.name, direction: on.direction, freeBytesPerSec: on.free, leastBytesPerSec: least };
  const sentence = `It waits for bandwidth: ${rateText(on.free)} ${on.direction} are free at ${on.name}, and beside the others it needs ${rateText(least)}.`;
  return { waitsFor: reason("BANDWIDTH_TAKEN", sentence, inputs), on, isRest: true };
}

/** The same reason for all who wait for it: thousands may. */
function spent(sides: Side[]): Obstacle | undefined {
  const on = sides.find(({ free }) => free === 0);
  if (on === undefined) return undefined;
  on.spentReason ??= spentText(on);
  return { waitsFor: on.spentReason, on };
}

function spentText({ name, direction, budget }: Side): Reason {
  const whose = direction === "cluster" ? "of the cluster" : `${direction} at ${name}`;
  const inputs = { host: name, direction, freeBytesPerSec: 0, budgetBytesPerSec: budget };
  return reason("BANDWIDTH_TAKEN", `It waits for bandwidth: all ${rateText(budget)} ${whose} are given out.`, inputs);
}
