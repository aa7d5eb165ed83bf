import type { AuditTarget, Store } from "@godwit/store";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { jsonIn, recordable } from "./audit-text.ts";

type Found = { id: string; name?: string | undefined } | undefined;

/** How what a path names is found, by the collection that it is in. What is in none of these is told as the path has it. */
const finders: Record<string, (store: Store, reference: string) => Promise<Found>> = {
  guests: async (store, reference) => await store.guests.find(reference),
  hosts: async (store, reference) => await store.hosts.find(reference),
  policies: async (store, reference) => await store.policies.find(reference),
  tokens: async (store, reference) => await store.tokens.find(reference),
  webhooks: async (store, reference) => {
    const webhook = await store.webhooks.find(reference);
    return webhook && { id: webhook.id, name: new URL(webhook.url).origin };
  },
  drains: async (store, reference) => {
    const drain = await store.drains.find(reference);
    if (drain === undefined) return undefined;
    return { id: drain.id, name: (await store.hosts.find(drain.hostId))?.name };
  },
  migrations: async (store, reference) => {
    const migration = await store.migrations.find(reference);
    if (migration === undefined) return undefined;
    return { id: migration.id, name: (await store.guests.find(migration.guestId))?.name };
  },
};

const Params = z.record(z.string(), z.string());
const Id = z.uuid();
/** What a resource is called: a migration and a plan by their guest, a webhook by its receiver, whose path may be secret. */
const Named = z
  .object({ name: z.string() })
  .or(z.object({ url: z.url() }).transform(({ url }) => ({ name: new URL(url).origin })))
  .or(z.object({ guest: z.string() }).transform(({ guest }) => ({ name: guest })));
const Made = z.object({ id: z.string() });

/** What a request is to change, as it is now; of what is yet to be made, the name that it is to have. */
export async function targetOf(store: Store, request: FastifyRequest): Promise<AuditTarget | undefined> {
  const [, , collection, parameter] = request.routeOptions.url?.split("/") ?? [];
  if (collection === undefined) return undefined;
  const type = singular(collection);
  const reference =
    parameter?.startsWith(":") === true ? Params.safeParse(request.params).data?.[parameter.slice(1)] : undefined;
  if (reference === undefined) return { type, ...nameIn(request.body) };
  const found = await finders[collection]?.(store, reference);
  return { type, ...(found === undefined ? asWritten(parameter, reference) : idAndName(found)) };
}

/** The target as the answer tells it: only there a new resource has its id. */
export function targetInAnswer(target: AuditTarget | undefined, payload: unknown): AuditTarget | undefined {
  if (target === undefined || target.id !== undefined) return undefined;
  const answer = jsonIn(payload);
  const made = Made.safeParse(answer);
  return made.success ? { ...target, ...nameIn(answer), id: made.data.id } : undefined;
}

function singular(collection: string): string {
  return collection.replace(/ies$/, "y").replace(/s$/, "");
}

function nameIn(value: unknown): { name?: string } {
  const named = Named.safeParse(value);
  return named.success ? { name: recordable(named.data.name) } : {};
}

function asWritten(parameter: string | undefined, reference: string): { id: string } | { name: string } {
  const isId = parameter === ":id" || Id.safeParse(reference).success;
  return isId ? { id: recordable(reference) } : { name: recordable(reference) };
}

function idAndName({ id, name }: NonNullable<Found>): Pick<AuditTarget, "id" | "name"> {
  return name === undefined ? { id } : { id, name };
}
