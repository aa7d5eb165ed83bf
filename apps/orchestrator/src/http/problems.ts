import { STATUS_CODES } from "node:http";
import { type Problem, type ProblemCode, problems } from "@godwit/contract";
import { LeaseLostError } from "@godwit/store";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors, type ZodFastifySchemaValidationError } from "fastify-type-provider-zod";
import { ProblemError } from "../problem.ts";
import { faultsOf } from "./faults.ts";

/** Every answer that is not a success is a problem (RFC 9457), by one handler and one table. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.code === "internal") request.log.error(error, "a request failed unexpectedly");
    return send(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) =>
    send(request, reply, new ProblemError("not-found", `There is nothing at ${request.method} ${request.url}.`)),
  );
}

export function problemBody(problem: ProblemError, about: { instance: string; requestId: string }): Problem {
  const entry: { status: number; title: string; retryable?: true } = problems[problem.code];
  return {
    type: `https://godwit.invalid/problems/${problem.code}`,
    title: entry.title,
    status: entry.status,
    detail: problem.message,
    instance: about.instance,
    code: problem.code,
    requestId: about.requestId,
    retryable: entry.retryable,
    ...problem.extra,
  };
}

function send(request: FastifyRequest, reply: FastifyReply, problem: ProblemError): FastifyReply {
  const body = problemBody(problem, { instance: request.url, requestId: request.id });
  if (body.code === "unauthenticated") void reply.header("www-authenticate", 'Bearer realm="godwit"');
  return reply.code(body.status).type("application/problem+json").serializer(JSON.stringify).send(body);
}

/** What the framework calls its own refusals. */
const codes: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: "malformed-json",
  FST_ERR_CTP_EMPTY_JSON_BODY: "malformed-json",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "malformed-json",
  FST_ERR_CTP_BODY_TOO_LARGE: "body-too-large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported-media-type",
};

/** The zod issue that the validator's error was made of. Of its path it has joined the parts by slashes, without escapes. */
function issueOf({ keyword, instancePath, message, params }: ZodFastifySchemaValidationError): object {
  return {
    ...params,
    code: keyword,
    message,
    path: instancePath
      .split("/")
      .slice(1)
      .filter((part) => part !== ""),
  };
}

function problemOf(error: FastifyError): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof LeaseLostError) return new ProblemError("standby", `Nothing was changed: ${error.message}.`);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = faultsOf(error.validation.map(issueOf));
    const first = errors[0];
    return new ProblemError("invalid-request", `${first?.pointer || "The body"}: ${first?.detail ?? "not allowed"}`, {
      errors,
    });
  }
  const code = codes[error.code] ?? (error.statusCode === 429 ? "too-many-requests" : undefined);
  if (code !== undefined) return new ProblemError(code, error.message);
  if (error instanceof SyntaxError && error.statusCode === 400)
    return new ProblemError("malformed-json", error.message);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ProblemError("invalid-request", `${STATUS_CODES[error.statusCode] ?? "Refused"}: ${error.message}`);
  }
  return new ProblemError(
    "internal",
    "The orchestrator failed at this request; its log has the particulars under the request's id.",
  );
}
