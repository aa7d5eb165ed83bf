import { CreatedToken, type ProblemCode, problems, type Role, type Scope, TokenList } from "@godwit/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { serve, type Served } from "../support/served.ts";

const someId = "01890a5d-ac96-774b-bcce-b302099a8057";
const Described = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

let served: Served;
let routes: { method: string; path: string }[];
beforeAll(async () => {
  served = await serve();
  const { paths } = Described.parse((await served.ask("GET", "/openapi.json")).body);
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
}, 180_000);
afterAll(async () => await served[Symbol.asyncDispose](), 60_000);

async function make(body: object, by: Record<string, string> = {}) {
  return await served.ask("POST", "/v1/tokens", { body: { name: "t", ...body }, headers: by });
}

async function tokenOf(role: Role): Promise<Record<string, string>> {
  const { token } = CreatedToken.parse((await make({ role })).body);
  return { authorization: `Bearer ${token}` };
}

function problem(code: ProblemCode, more: object = {}): object {
  return { status: problems[code].status, body: { code, ...more } };
}

/** Of every route, without a body, what is missing; nothing where that is not what speaks against it. */
async function missingAt(
  headers: Record<string, string>,
  only: (method: string) => boolean,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { method, path } of routes.filter((route) => only(route.method) && !route.path.endsWith("/events"))) {
    const { status, body } = await served.ask(method, path.replaceAll(/\{\w+\}/g, someId), { headers });
    if (status !== 403) continue;
    const { detail } = z.object({ detail: z.string() }).parse(body);
    found.set(`${method} ${path}`, /^This needs the scope "(.+)"\.$/.exec(detail)?.[1] ?? detail);
  }
  return found;
}

const isGet = (method: string) => method === "GET";
const changes = (method: string) => method !== "GET";

describe("A6: roles", () => {
  test("a viewer may look at all but tokens and what concerns the whole installation, and change nothing", async () => {
    const viewer = await tokenOf("viewer");
    const looks: [string, Scope][] = [
      ["GET /v1/tokens", "tokens:manage"],
      ["GET /v1/audit", "admin"],
      ["GET /v1/webhooks", "admin"],
      ["GET /v1/webhooks/{id}", "admin"],
      ["GET /v1/webhooks/{id}/deliveries", "admin"],
    ];
    expect(await missingAt(viewer, isGet)).toEqual(new Map(looks));
    const refused = await missingAt(viewer, changes);
    const all = routes.filter(({ method }) => changes(method)).map(({ method, path }) => `${method} ${path}`);
    expect([...refused.keys()].toSorted()).toEqual(all.toSorted());
    expect(refused.get("POST /v1/migrations")).toBe("operate");
  });

  test("an operator may act on migrations, hosts and guests, and on nothing else", async () => {
    const refused = await missingAt(await tokenOf("operator"), changes);
    const of = (scope: Scope) =>
      [...refused].flatMap(([route, missing]) => (missing === scope ? [route] : [])).toSorted();
    expect(of("policies:manage")).toEqual([
      "DELETE /v1/policies/{policy}",
      "PATCH /v1/policies/{policy}",
      "POST /v1/policies",
    ]);
    expect(of("hosts:fence")).toEqual(["POST /v1/hosts/{host}/fence", "POST /v1/migrations/{id}/accept-older-copy"]);
    expect(of("tokens:manage")).toEqual(["DELETE /v1/tokens/{id}", "POST /v1/tokens"]);
    expect(of("admin")).toEqual([
      "DELETE /v1/webhooks/{id}",
      "PATCH /v1/webhooks/{id}",
      "POST /v1/webhooks",
      "POST /v1/webhooks/{id}/deliveries/{delivery}/resend",
      "POST /v1/webhooks/{id}/ping",
      "POST /v1/webhooks/{id}/rotate",
    ]);
    expect(of("operate")).toEqual([]);
    expect(of("read")).toEqual([]);
  });

  test("an admin may do all", async () => {
    expect(await missingAt(await tokenOf("admin"), isGet)).toEqual(new Map());
    expect(await missingAt(await tokenOf("admin"), changes)).toEqual(new Map());
  });
});

test("A6: a token has the scopes of its role, and more where more is asked for; or scopes alone", async () => {
  expect((await make({ role: "viewer" })).body).toMatchObject({ role: "viewer", scopes: ["read"] });
  const more = await make({ role: "operator", scopes: ["hosts:fence", "read"] });
  expect(more.body).toMatchObject({ role: "operator", scopes: ["read", "operate", "hosts:fence"] });
  expect((await make({ scopes: ["tokens:manage"] })).body).toMatchObject({ role: "custom", scopes: ["tokens:manage"] });
  const { items } = TokenList.parse((await served.ask("GET", "/v1/tokens")).body);
  expect(items.slice(0, 3).map(({ role }) => role)).toEqual(["custom", "operator", "viewer"]);
  for (const [wrong, pointer] of [
    [{}, "/scopes"],
    [{ role: "agent", scopes: ["read"] }, "/scopes"],
    [{ role: "custom" }, "/role"],
    [{ role: "root" }, "/role"],
  ] as const)
    expect(await make(wrong)).toMatchObject(problem("invalid-request", { errors: [{ pointer }] }));
});

test("A6: a token gives no role of which it has not every scope", async () => {
  const { token } = CreatedToken.parse((await make({ role: "operator", scopes: ["tokens:manage"] })).body);
  const by = { authorization: `Bearer ${token}` };
  expect(await make({ role: "admin" }, by)).toMatchObject(
    problem("forbidden", { detail: 'This needs the scope "policies:manage".' }),
  );
  expect(await make({ role: "viewer", scopes: ["admin"] }, by)).toMatchObject(problem("forbidden"));
  expect(await make({ role: "operator" }, by)).toMatchObject({ status: 201 });
});
