import { busiestLinkMs, type Fleet, fleetFigures, type FleetPolicy, runFleet } from "@godwit/sim";

/** What one policy would make of a fleet. Times in ms. */
export interface Simulated {
  policy: string;
  guests: number;
  moved: number;
  /** By reason: how many were refused before they had cost a byte. */
  refused: Record<string, number>;
  givenUp: number;
  /** Of those that their whole path would make converge, how many were not moved. */
  failedMovable: number;
  unfinished: number;
  makespanMs: number;
  /** The least that the busiest link allows. */
  boundMs: number;
  sentBytes: number;
  ramBytes: number;
  downtimeMs: { p50: number; p99: number; most: number } | null;
  overLimit: number;
}

/** Of a large fleet time goes in larger steps, and it is planned once a second. */
const large = 2_000;
const [shortMs, longMs] = [100, 500];

export function simulate(fleet: Fleet, policy: string, make: (fleet: Fleet) => FleetPolicy): Simulated {
  const isLarge = fleet.guests.length > large;
  const options = isLarge ? { stepMs: longMs, leastBetweenPlansMs: 1_000 } : { stepMs: shortMs };
  const outcome = runFleet(fleet, make(fleet), options);
  const figures = fleetFigures(fleet, outcome);
  const { guests, moved, givenUp, failedMovable, unfinished, makespanMs, sentBytes, downtimesMs, overLimit } = figures;
  const refused: Record<string, number> = {};
  for (const { outcome: ended, reason = "" } of outcome.guests) {
    if (ended === "refused") refused[reason] = (refused[reason] ?? 0) + 1;
  }
  const at = (share: number) => Math.round(downtimesMs[Math.ceil(share * downtimesMs.length) - 1] ?? 0);
  return {
    policy,
    guests,
    moved,
    refused,
    givenUp,
    failedMovable,
    unfinished,
    makespanMs: Math.round(makespanMs),
    boundMs: Math.round(busiestLinkMs(fleet)),
    sentBytes: Math.round(sentBytes),
    ramBytes: fleet.guests.reduce((sum, { ramBytes }) => sum + ramBytes, 0),
    downtimeMs: moved === 0 ? null : { p50: at(0.5), p99: at(0.99), most: at(1) },
    overLimit,
  };
}
