import { builtInPolicies, defaultPolicy, type Limits, type LimitsInput, PolicySettings } from "@godwit/contract";
import type { JsonObject, PolicyRecord, Store } from "@godwit/store";
import { v7 as uuidv7 } from "uuid";
import { ProblemError } from "./problem.ts";

/** D7: the policies that are there from the start. */
export async function ensureBuiltInPolicies(store: Store, at: Date): Promise<void> {
  const policies = Object.entries(builtInPolicies).map(([name, settings]) => ({
    id: uuidv7(),
    name,
    settings: plain(PolicySettings.parse(settings)),
    at,
  }));
  await store.policies.ensureBuiltIn(policies);
}

export async function findPolicy(store: Store, nameOrId: string): Promise<PolicyRecord> {
  const policy = await store.policies.find(nameOrId);
  if (policy === undefined) throw new ProblemError("unknown-policy", `There is no policy "${nameOrId}".`);
  return policy;
}

/** The limits of one migration: those of its policy, but for what was asked for it alone. */
export async function limitsBy(
  store: Store,
  nameOrId: string | undefined,
  wanted: LimitsInput,
): Promise<{ policy: string; limits: Limits }> {
  const policy = await findPolicy(store, nameOrId ?? defaultPolicy);
  return { policy: policy.name, limits: { ...PolicySettings.parse(policy.settings), ...defined(wanted) } };
}

export function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value));
}

function defined(wanted: LimitsInput): LimitsInput {
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
