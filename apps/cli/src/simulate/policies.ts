import { type Fleet, fleetPeers, type FleetPolicy } from "@godwit/sim";
import { plannerPolicy } from "./planner-policy.ts";

/** What `--policy` names: the planner, and the schedulers of others. */
export const fleetPolicies: Record<string, (fleet: Fleet) => FleetPolicy> = {
  godwit: plannerPolicy,
  sequential: fleetPeers.sequential,
  nova: fleetPeers["nova, 1 out a host"],
  ovirt: fleetPeers["ovirt, 2 in / 2 out"],
  kubevirt: fleetPeers["kubevirt, 5 / 2 out"],
  "kubevirt-smallest-first": fleetPeers["kubevirt, smallest first"],
  "kubevirt-give-up": fleetPeers["kubevirt + our give-up"],
  "all-at-once": fleetPeers["all at once"],
  "all-at-once-give-up": fleetPeers["all at once + our give-up"],
};
