import { ChangeGuest, Guest } from "@godwit/contract";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { dateOf } from "../clock.ts";
import { findGuest } from "../survey.ts";
import { nameOf } from "./auth.ts";
import { GuestParams, type GuestParts, hostNames, show } from "./guests.ts";

const changing = {
  tags: ["guests"],
  summary: "Change the label by which a guest is kept apart (merge patch)",
  params: GuestParams,
  body: ChangeGuest,
  response: { 200: Guest },
};

/** S10: guests of one label are kept on different hosts by whatever places them. */
export function guestLabelRoutes(fastify: FastifyInstance, parts: GuestParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store } = parts;

  app.patch("/v1/guests/:guest", { schema: changing }, async (request) => {
    const { id } = await findGuest(store, request.params.guest);
    await keepApart(parts, id, request.body, nameOf(request));
    return show(parts, await findGuest(store, id), await hostNames(store));
  });
}

async function keepApart(parts: GuestParts, id: string, { keepApart: label }: ChangeGuest, by: string): Promise<void> {
  if (label === undefined) return;
  const { store, bus, clock } = parts;
  const { name, keepApart: before } = await findGuest(store, id);
  if ((label ?? undefined) === before) return;
  const what = label === null ? "is kept apart from no others any more" : `is kept apart by the label ${label}`;
  const at = dateOf(clock.now());
  const event = {
    type: "guest.changed",
    at,
    guestId: id,
    sentence: `${name} ${what}, says ${by}.`,
    data: { name, by },
  };
  await store.guests.keepApart(id, label ?? undefined, [event]);
  bus.tell("events");
  bus.tell("schedule");
}
