import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ConnectedAgents } from "../agents/connected.ts";
import { version } from "../version.ts";

const Health = z
  .object({ status: z.enum(["ok", "failing", "standby"]), checks: z.record(z.string(), z.string()).optional() })
  .meta({ id: "Health" });
const Version = z.object({ version: z.string(), api: z.literal("v1") }).meta({ id: "Version" });

/** For supervisors: alive means that the process answers, ready that it can do its work. Neither needs a token. */
export function healthRoutes(app: FastifyInstance, { store, agents }: { store: Store; agents: ConnectedAgents }): void {
  const open = { config: { open: true } };
  app.get("/livez", { ...open, schema: { tags: ["health"], response: { 200: Health } } }, async () => ({
    status: "ok" as const,
  }));
  app.get(
    "/readyz",
    {
      ...open,
      schema: {
        tags: ["health"],
        querystring: z.object({ verbose: z.string().optional() }),
        response: { 200: Health, 503: Health },
      },
    },
    async (request, reply) => {
      const store_ = await store.ping().then(
        () => "ok",
        (error: unknown) => (error instanceof Error ? error.message : "failing"),
      );
      const status = store_ === "ok" ? ("ok" as const) : ("failing" as const);
      const verbose = new URL(request.url, "http://localhost").searchParams.has("verbose");
      const checks = verbose ? { store: store_, agents: `${agents.hostIds().length} connected` } : undefined;
      return await reply.code(status === "ok" ? 200 : 503).send({ status, checks });
    },
  );
  app.get("/v1/version", { schema: { tags: ["health"], response: { 200: Version } } }, async () => ({
    version,
    api: "v1" as const,
  }));
}
