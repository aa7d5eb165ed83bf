import { type Errand, type FleetFigures, fleetFigures, fleetOf, fleetPeers, runFleet } from "@godwit/sim";
import { plannerPolicy } from "../../apps/cli/src/simulate/planner-policy.ts";

/** What one policy made of one fleet. */
export interface Row extends FleetFigures {
  errand: Errand;
  seed: number;
  policy: string;
}

export const ours = "godwit";
export const policyNames = [...Object.keys(fleetPeers), ours];

export function rowsOf(errand: Errand, seed: number, names: readonly string[]): Row[] {
  const fleet = fleetOf(errand, seed);
  return names.map((policy) => ({
    errand,
    seed,
    policy,
    ...fleetFigures(fleet, runFleet(fleet, isPeer(policy) ? fleetPeers[policy]() : plannerPolicy(fleet))),
  }));
}

function isPeer(name: string): name is keyof typeof fleetPeers {
  return name in fleetPeers;
}
