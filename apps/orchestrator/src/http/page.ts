import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** The page at `/`: static files, open to everyone; what it shows it reads from the API with the session's cookie. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  const root = fileURLToPath(new URL("../../../dashboard/public/", import.meta.url));
  await app.register(fastifyStatic, { root, wildcard: false, index: ["index.html"], cacheControl: true, maxAge: 0 });
}
