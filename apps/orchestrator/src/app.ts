import type { Scope } from "@godwit/contract";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import Fastify, { LogController, type FastifyInstance, type FastifyBaseLogger, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { dateOf } from "./clock.ts";
import { type Authenticate, expectScopes, type Principal, usualScope } from "./http/auth.ts";
import { auditRoutes } from "./http/audit.ts";
import { keepAudit } from "./http/audit-hook.ts";
import { describeApi } from "./http/docs.ts";
import { drainRoutes, type DrainRouteParts } from "./http/drains.ts";
import { eventRoutes, type EventParts } from "./http/events.ts";
import { guestLabelRoutes } from "./http/guest-labels.ts";
import { guestSaveRoutes } from "./http/guest-saves.ts";
import { guestRoutes, type GuestParts } from "./http/guests.ts";
import { healthRoutes } from "./http/health.ts";
import { hostRoutes, hostSettingRoutes, type HostParts } from "./http/hosts.ts";
import { honourIdempotencyKeys } from "./http/idempotency.ts";
import { migrationChangeRoutes } from "./http/migration-changes.ts";
import { migrationRecordRoutes } from "./http/migration-records.ts";
import { migrationRoutes } from "./http/migrations.ts";
import { overviewRoutes } from "./http/overview.ts";
import { pageRoutes } from "./http/page.ts";
import { planRoutes, type PlanParts } from "./http/plans.ts";
import { metricsRoutes, type MetricsParts } from "./http/metrics.ts";
import { policyRoutes } from "./http/policies.ts";
import { predictionRoutes } from "./http/predictions.ts";
import { answerProblems } from "./http/problems.ts";
import { cookies, fromCookie, sessionRoutes, type Sessions } from "./http/session.ts";
import { queueRoutes } from "./http/queue.ts";
import { tokenRoutes } from "./http/tokens.ts";
import { traceRoutes } from "./http/traces.ts";
import { deliveryRoutes } from "./http/webhook-deliveries.ts";
import { webhookRoutes, type WebhookParts } from "./http/webhooks.ts";
import { ProblemError } from "./problem.ts";
import type { Recorder } from "./runs/recorder.ts";
import type { MigrationParts } from "./runs/under-way.ts";

declare module "fastify" {
  interface FastifyRequest {
    principal?: Principal;
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    open?: boolean;
    /** What a token needs for it, where that is not `read` for a GET and `operate` for the rest. */
    scope?: Scope;
    /** Its answer holds a secret: no key has it kept and told again. */
    mintsSecret?: boolean;
  }
}

const bodyMaxBytes = 256 * 1024;
const longPollMs = 65_000;
const requestsPerMinute = 6_000;
/** For the page and whatever else a browser is led to: nothing from elsewhere, nothing inline. `/docs` has its own. */
const contentSecurityPolicy = {
  defaultSrc: ["'self'"],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

export interface AppParts
  extends MigrationParts, GuestParts, PlanParts, EventParts, MetricsParts, HostParts, DrainRouteParts, WebhookParts {
  recorder: Recorder;
  authenticate: Authenticate;
  sessions: Sessions;
  log: Logger;
}

/** The HTTP side: what every request goes through, then one plugin a resource. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: asFastifyLogger(parts.log),
    // What happens to migrations, guests and hosts is logged as it is decided; requests are not.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyMaxBytes,
    requestTimeout: 30_000,
    handlerTimeout: 0,
    connectionTimeout: longPollMs,
    forceCloseConnections: true,
    requestIdHeader: "x-request-id",
    genReqId: () => uuidv7(),
    return503OnClosing: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser("text/plain");
  answerProblems(app);

  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy } });
  await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 });
  await cookies(app);
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
    await admit(request, parts);
  });
  keepAudit(app, parts);
  honourIdempotencyKeys(app, parts.store, () => dateOf(parts.clock.now()));

  await describeApi(app);
  healthRoutes(app, parts);
  sessionRoutes(app, parts.sessions);
  migrationRoutes(app, parts);
  migrationChangeRoutes(app, parts);
  migrationRecordRoutes(app, parts);
  policyRoutes(app, parts);
  overviewRoutes(app, parts);
  planRoutes(app, parts);
  queueRoutes(app, parts);
  predictionRoutes(app, parts);
  metricsRoutes(app, parts);
  traceRoutes(app, parts);
  tokenRoutes(app, parts);
  auditRoutes(app, parts);
  webhookRoutes(app, parts);
  deliveryRoutes(app, parts);
  hostRoutes(app, parts);
  hostSettingRoutes(app, parts);
  drainRoutes(app, parts);
  guestRoutes(app, parts);
  guestLabelRoutes(app, parts);
  guestSaveRoutes(app, parts);
  await eventRoutes(app, parts);
  await pageRoutes(app);
  return app;
}

/**
 * Under `/v1` only who is known and has the route's scope; an agent's token is for the agents' socket alone. The route decides, not the
 * path as it was written: the router takes `/%761/guests` for `/v1/guests`.
 */
async function admit(request: FastifyRequest, { authenticate, sessions }: AppParts): Promise<void> {
  const { config, url = request.url } = request.routeOptions;
  if (config.open === true || !url.startsWith("/v1/")) return;
  const principal = (await authenticate(request.headers.authorization)) ?? fromCookie(request, sessions);
  if (principal === undefined) throw new ProblemError("unauthenticated", "Show a token: Authorization: Bearer gdw_…");
  request.principal = principal;
  if (principal.role === "agent")
    throw new ProblemError("forbidden", `A token of the role "${principal.role}" is for the agents' socket only.`);
  expectScopes(principal, [config.scope ?? usualScope(request.method)]);
}

/** Without this the instance's type would carry pino's, and no plugin's type would fit it. */
function asFastifyLogger(log: Logger): FastifyBaseLogger {
  return log;
}
