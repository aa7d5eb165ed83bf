import type { Guest, Host, MigrationPolicy, Plan } from "@godwit/contract";
import { useQueries, useQuery } from "@tanstack/react-query";
import { getAll, post } from "../api/api.ts";
import { keys } from "../live/cache.ts";

/** What a migration to one host would be, or why there is no plan for it. */
export interface Fit {
  host: Host;
  plan?: Plan;
  error?: Error;
  planning: boolean;
  again: () => void;
}

export interface Wish {
  policy: string;
  /** What differs from the policy. */
  downtimeLimitMs?: number;
}

/** So many hosts are looked at; asking each asks its agent. */
export const plannedAtMost = 12;
const freshMs = 60_000;

export function usePolicies(): MigrationPolicy[] {
  return (
    useQuery({
      queryKey: keys.policies,
      queryFn: async () => await getAll<MigrationPolicy>("/v1/policies", 200),
      staleTime: freshMs,
    }).data ?? []
  );
}

/** A plan for every other host, the best fit first. */
export function usePlans(guest: Guest | undefined, hosts: Host[], { policy, downtimeLimitMs }: Wish): Fit[] {
  const others = guest === undefined ? [] : hosts.filter(({ id }) => id !== guest.hostId).slice(0, plannedAtMost);
  const limits = downtimeLimitMs === undefined ? {} : { downtimeLimitMs };
  const results = useQueries({
    queries: others.map((host) => ({
      // A host that has come or gone, and a guest that has moved, make another plan.
      queryKey: ["plan", guest?.id, guest?.epoch, host.id, host.state, policy, downtimeLimitMs],
      queryFn: async () => await post<Plan>("/v1/plans", { guest: guest?.id, destination: host.id, policy, limits }),
      staleTime: freshMs,
      placeholderData: (before: Plan | undefined) => before,
    })),
  });
  return others
    .flatMap((host, index): Fit[] => {
      const result = results[index];
      if (result === undefined) return [];
      const { data: plan, error, isFetching: planning, refetch } = result;
      const fit: Fit = { host, planning, again: () => void refetch() };
      return [{ ...fit, ...(plan === undefined ? {} : { plan }), ...(error === null ? {} : { error }) }];
    })
    .toSorted(byFit);
}

/** What may be done before what may not, likely before unlikely, a short pause before a long one. */
function byFit(a: Fit, b: Fit): number {
  const rank = ({ plan }: Fit) => (plan === undefined ? 1 : plan.possible ? 0 : 2);
  const likely = ({ plan }: Fit) => plan?.outlook?.probability ?? 0;
  const pause = ({ plan }: Fit) => plan?.predictedDowntimeMs ?? Infinity;
  const shorter = pause(a) === pause(b) ? 0 : pause(a) - pause(b);
  return (
    rank(a) - rank(b) ||
    likely(b) - likely(a) ||
    shorter ||
    a.host.name.localeCompare(b.host.name, "en", { numeric: true })
  );
}
