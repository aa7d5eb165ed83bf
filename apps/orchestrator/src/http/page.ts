import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

/** The addresses of the dashboard's screens (apps/dashboard/src/router.tsx), which a reload or a link opens. */
const screens = [
  "/",
  "/new",
  "/migrations",
  "/migrations/:id",
  "/queue",
  "/hosts",
  "/hosts/:name",
  "/drains",
  "/drains/new",
  "/drains/:id",
  "/guests",
  "/policies",
  "/settings",
];

const bundleFolder = fileURLToPath(new URL("../../../dashboard/dist/", import.meta.url));

/** The dashboard: static files, open to everyone; what it shows it reads from the API with the session's cookie. */
export async function pageRoutes(app: FastifyInstance, root = bundleFolder): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    serve: false,
    preCompressed: true,
    cacheControl: false,
  });
  const isBuilt = () => existsSync(join(root, "index.html"));
  for (const url of screens) {
    app.get(url, { schema: { hide: true } }, async (_, reply) =>
      isBuilt() ? await reply.header("cache-control", "no-cache").sendFile("index.html") : await notBuilt(reply),
    );
  }
  app.get("/mark.svg", { schema: { hide: true } }, async (_, reply) => await reply.sendFile("mark.svg"));
  // Their names change with what is in them.
  app.get<{ Params: { name: string } }>(
    "/assets/:name",
    { schema: { hide: true } },
    async (request, reply) =>
      await reply
        .header("cache-control", "public, max-age=31536000, immutable")
        .sendFile(join("assets", request.params.name)),
  );
}

/** An installation without its bundle says so, rather than that there is nothing here. */
async function notBuilt(reply: FastifyReply): Promise<FastifyReply> {
  return await reply
    .code(503)
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="en"><title>Godwit</title><h1>The dashboard has not been built</h1><p>The API works all the same. In the folder of Godwit, run <code>npm install</code>, then reload this page.</p></html>`,
    );
}
