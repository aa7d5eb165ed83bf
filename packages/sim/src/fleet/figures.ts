import { busiestLinkMs, type Fleet, isMovable } from "./fleet.ts";
import type { FleetOutcome } from "./run-fleet.ts";

/** What came of one run. Shares are of 1. */
export interface FleetFigures {
  guests: number;
  movable: number;
  moved: number;
  /** Movable guests that were not moved, for whatever reason. */
  failedMovable: number;
  refused: number;
  givenUp: number;
  /** Neither moved nor given up nor refused. */
  unfinished: number;
  makespanMs: number;
  /** Over the least that the busiest link allows. */
  makespanOfBound: number;
  /** The mean of when the moved ones had arrived, over the same. */
  meanEndOfBound: number;
  sentBytes: number;
  /** Over the RAM of all guests. */
  bytesOfRam: number;
  /** Of those that were moved; in ascending order. */
  downtimesMs: number[];
  overLimit: number;
}

export function fleetFigures(fleet: Fleet, { guests, makespanMs }: FleetOutcome): FleetFigures {
  const boundMs = busiestLinkMs(fleet);
  const isMoved = guests.map(({ outcome }) => outcome === "moved");
  const movable = fleet.guests.map((guest) => isMovable(fleet, guest));
  const moved = guests.filter((_, index) => isMoved[index]);
  const countOf = (...outcomes: string[]) => guests.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const sentBytes = sum(guests.map((guest) => guest.sentBytes));
  return {
    guests: guests.length,
    movable: movable.filter(Boolean).length,
    moved: moved.length,
    failedMovable: movable.filter((is, index) => is && isMoved[index] !== true).length,
    refused: countOf("refused"),
    givenUp: countOf("given up"),
    unfinished: countOf("waiting", "running"),
    makespanMs,
    makespanOfBound: makespanMs / boundMs,
    meanEndOfBound: sum(moved.map(({ endedAtMs = 0 }) => endedAtMs)) / moved.length / boundMs,
    sentBytes,
    bytesOfRam: sentBytes / sum(fleet.guests.map(({ ramBytes }) => ramBytes)),
    downtimesMs: moved.map(({ downtimeMs = 0 }) => downtimeMs).toSorted((a, b) => a - b),
    overLimit: guests.filter(({ downtimeMs = 0 }, index) => downtimeMs > (fleet.guests[index]?.limitMs ?? Infinity))
      .length,
  };
}
