import {
  ChangePolicy,
  CreatePolicy,
  ListQuery,
  MigrationPolicy,
  PolicyList,
  PolicySettings,
  Reference,
  type Scope,
} from "@godwit/contract";
import type { NewEvent, PolicyRecord, Store } from "@godwit/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { pageOf } from "../pages.ts";
import { findPolicy, plain } from "../policies.ts";
import { ProblemError } from "../problem.ts";
import { nameOf } from "./auth.ts";
import { mergePatch } from "./merge-patch.ts";
import { expectIfMatch, withTag } from "./version-tag.ts";

const Params = z.object({ policy: Reference });
const Nothing = z.null().meta({ description: "It is gone" });
const tags = ["policies"];
const scope: Scope = "policies:manage";

export interface PolicyParts {
  store: Store;
  bus: Bus;
  clock: Clock;
}

/** A5: settings with a name. What changes one says which version it changes. */
export function policyRoutes(fastify: FastifyInstance, parts: PolicyParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store } = parts;

  app.get(
    "/v1/policies",
    { schema: { tags, summary: "Policies, newest first", querystring: ListQuery, response: { 200: PolicyList } } },
    async (request, reply) => await pageOf(request, reply, (page) => store.policies.list(page), policyView),
  );

  app.get(
    "/v1/policies/:policy",
    { schema: { tags, summary: "One policy, by name or id", params: Params, response: { 200: MigrationPolicy } } },
    async (request, reply) => withTag(reply, policyView(await findPolicy(store, request.params.policy))),
  );

  app.post(
    "/v1/policies",
    {
      config: { scope },
      schema: { tags, summary: "Make a policy", body: CreatePolicy, response: { 201: MigrationPolicy } },
    },
    async (request, reply) => {
      const view = policyView(await create(parts, request.body, nameOf(request)));
      return await withTag(reply.code(201).header("location", `/v1/policies/${view.id}`), view);
    },
  );

  app.patch(
    "/v1/policies/:policy",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Change a policy (merge patch); migrations under way keep their limits",
        params: Params,
        body: ChangePolicy,
        response: { 200: MigrationPolicy },
      },
    },
    async (request, reply) => {
      const before = await changeable(store, request, request.params.policy);
      return await withTag(reply, policyView(await change(parts, before, request.body, nameOf(request))));
    },
  );

  app.delete(
    "/v1/policies/:policy",
    { config: { scope }, schema: { tags, summary: "Remove a policy", params: Params, response: { 204: Nothing } } },
    async (request, reply) => {
      const policy = await changeable(store, request, request.params.policy);
      const sentence = `${nameOf(request)} removed the policy ${policy.name}.`;
      const event = eventOf(parts, "policy.removed", sentence, { by: nameOf(request), policy: policy.name });
      expectDone(policy.name, await store.policies.remove(policy.id, policy.version, [event]));
      parts.bus.tell("events");
      return await reply.code(204).send(null);
    },
  );
}

async function create(parts: PolicyParts, { name, settings }: CreatePolicy, by: string): Promise<PolicyRecord> {
  const at = dateOf(parts.clock.now());
  const policy: PolicyRecord = {
    id: uuidv7(),
    name,
    builtIn: false,
    version: 1,
    settings: plain(settings),
    createdAt: at,
    updatedAt: at,
  };
  const event = eventOf(parts, "policy.created", `${by} made the policy ${name}.`, { by, policy: name });
  if ((await parts.store.policies.create(policy, [event])) === "name-taken") throw taken(name);
  parts.bus.tell("events");
  return policy;
}

async function change(
  parts: PolicyParts,
  before: PolicyRecord,
  { name = before.name, settings = {} }: ChangePolicy,
  by: string,
) {
  const after = PolicySettings.parse(mergePatch(before.settings, settings));
  const at = dateOf(parts.clock.now());
  const changed = { id: before.id, version: before.version, name, settings: plain(after), at };
  const data = { by, policy: name, from: JSON.stringify(before.settings), to: JSON.stringify(after) };
  const event = eventOf(parts, "policy.changed", `${by} changed the policy ${name}.`, data);
  const outcome = await parts.store.policies.update(changed, [event]);
  if (outcome === "name-taken") throw taken(name);
  expectDone(before.name, outcome);
  parts.bus.tell("events");
  return { ...before, name, settings: changed.settings, version: before.version + 1, updatedAt: at };
}

/** The policy, if it may be changed and is still the version that the request names. */
async function changeable(store: Store, request: FastifyRequest, nameOrId: string): Promise<PolicyRecord> {
  const policy = await findPolicy(store, nameOrId);
  if (policy.builtIn)
    throw new ProblemError("policy-built-in", `${policy.name} is built in; make one of your own with other settings.`);
  expectIfMatch(request, policy, policy.name);
  return policy;
}

function expectDone(name: string, outcome: "updated" | "removed" | "stale" | "gone"): void {
  if (outcome === "stale") throw new ProblemError("precondition-failed", `${name} was changed at the same moment.`);
  if (outcome === "gone") throw new ProblemError("unknown-policy", `There is no policy "${name}" any more.`);
}

function taken(name: string): ProblemError {
  return new ProblemError("name-taken", `There is a policy "${name}" already.`);
}

function eventOf({ clock }: PolicyParts, type: string, sentence: string, data: NewEvent["data"]): NewEvent {
  return { type, at: dateOf(clock.now()), sentence, data };
}

function policyView({ settings, createdAt, updatedAt, ...policy }: PolicyRecord): MigrationPolicy {
  return {
    ...policy,
    settings: PolicySettings.parse(settings),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
