import Fastify, { type FastifyInstance } from "fastify";
import { v7 as uuidv7 } from "uuid";
import { answerProblems } from "../http/problems.ts";
import { ProblemError } from "../problem.ts";

const healthPaths = ["/livez", "/readyz"];

/** What an orchestrator answers while another one decides: that it is alive, and for everything else, agents included, who to ask. */
export function standbyApp(heldBy: () => string): FastifyInstance {
  const app: FastifyInstance = Fastify({
    forceCloseConnections: true,
    requestIdHeader: "x-request-id",
    genReqId: () => uuidv7(),
    return503OnClosing: false,
  });
  answerProblems(app);
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
    if (healthPaths.includes(request.routeOptions.url ?? "")) return;
    void reply.header("retry-after", "1");
    throw new ProblemError("standby", `This orchestrator stands by: the one that decides is ${heldBy()}.`);
  });
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_, reply) => await reply.code(503).send({ status: "standby" }));
  return app;
}
