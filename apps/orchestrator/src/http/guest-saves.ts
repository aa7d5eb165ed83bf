import { CreateFromSave, Guest, RestoreGuest, SaveGuest } from "@godwit/contract";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { lookToCopy, lookToRestore, lookToSave } from "../to-file/look.ts";
import { nameOf } from "./auth.ts";
import { GuestParams, type GuestParts, hostNames, show } from "./guests.ts";

const tags = ["guests"];
const saving = {
  tags,
  summary: "Stop a guest and save it into a folder of its host; it runs nowhere until it is restored",
  params: GuestParams,
  body: SaveGuest,
  response: { 202: Guest },
};
const restoring = {
  tags,
  summary: "Bring a saved guest back to life, on a host that sees its folder",
  params: GuestParams,
  body: RestoreGuest,
  response: { 202: Guest },
};

const copying = {
  tags,
  summary: "Create a guest that begins as another was when it was saved",
  body: CreateFromSave,
  response: { 202: Guest },
};

export function guestSaveRoutes(fastify: FastifyInstance, parts: GuestParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();

  app.post("/v1/guests/:guest/save", { schema: saving }, async (request, reply) => {
    const found = await lookToSave(parts, request.params.guest);
    await parts.saves.save(found, request.body, nameOf(request));
    return await reply.code(202).send(show(parts, found.guest, await hostNames(parts.store)));
  });

  app.post("/v1/guests/:guest/restore", { schema: restoring }, async (request, reply) => {
    const { guest, host, folder, save } = await lookToRestore(parts, request.params.guest, request.body);
    await parts.saves.restore({ guest, host }, { folder }, save, nameOf(request));
    return await reply.code(202).send(show(parts, guest, await hostNames(parts.store)));
  });

  app.post("/v1/guests/from-save", { schema: copying }, async (request, reply) => {
    const guest = await parts.saves.copy(request.body, await lookToCopy(parts, request.body), nameOf(request));
    return await reply
      .code(202)
      .header("location", `/v1/guests/${guest.id}`)
      .send(show(parts, guest, await hostNames(parts.store)));
  });
}
