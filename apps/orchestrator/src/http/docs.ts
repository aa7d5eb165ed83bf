import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { Problem } from "@godwit/contract";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { version } from "../version.ts";

/** `/openapi.json` (OpenAPI 3.1, from the contract's schemas) and `/docs` for people. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Godwit",
        version,
        description: "Live migration of guests between hosts. Errors are problem details (RFC 9457).",
      },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      security: [{ bearer: [] }],
    },
    transform: withProblems,
    transformObject: withoutUnused,
  });
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true });
  app.get("/openapi.json", { schema: { hide: true }, config: { open: true } }, async () => app.swagger());
}

const problem = {
  description: "A problem (RFC 9457); its code says which",
  content: { "application/problem+json": { schema: Problem } },
};

/** Every route may answer with a problem: told here once, rather than at every route. */
const withProblems: typeof jsonSchemaTransform = (input) => {
  const { schema } = input;
  return jsonSchemaTransform({
    ...input,
    schema: { ...schema, response: { default: problem, ...responsesOf(schema) } },
  });
};

function responsesOf(schema: object): object {
  return "response" in schema && typeof schema.response === "object" && schema.response !== null ? schema.response : {};
}

/** Every schema that has a name anywhere in this process is offered, as input and as output: what no route refers to is left out. */
const withoutUnused: typeof jsonSchemaTransformObject = (input) => {
  const document = jsonSchemaTransformObject(input);
  const schemas: Record<string, unknown> = ("components" in document ? document.components?.schemas : undefined) ?? {};
  const used = new Set<string>();
  const look = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    namesIn(schemas[name]).forEach(look);
  };
  namesIn("paths" in document ? document.paths : undefined).forEach(look);
  for (const name of Object.keys(schemas)) if (!used.has(name)) Reflect.deleteProperty(schemas, name);
  return document;
};

function namesIn(value: unknown): string[] {
  return [...JSON.stringify(value ?? {}).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
}
