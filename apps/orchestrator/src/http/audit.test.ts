import { AuditList, type AuditRecord, CreatedToken } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve, type Served } from "../support/served.ts";

let served: Served;
beforeAll(async () => void (served = await serve()), 180_000);
afterAll(async () => await served[Symbol.asyncDispose](), 60_000);

async function audit(query: Record<string, string> = {}): Promise<AuditRecord[]> {
  const { status, body } = await served.ask("GET", `/v1/audit?${new URLSearchParams(query).toString()}`);
  expect(status).toBe(200);
  return AuditList.parse(body).items;
}

async function newest(): Promise<AuditRecord | undefined> {
  return (await audit({ limit: "1" }))[0];
}

async function tokenWith(name: string, ...scopes: string[]): Promise<CreatedToken> {
  return CreatedToken.parse((await served.ask("POST", "/v1/tokens", { body: { name, scopes } })).body);
}

function shown({ token }: { token: string }): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

test("A11: who made, changed and removed what, and who was refused and why", async () => {
  const ci = await tokenWith("ci", "read", "policies:manage");
  const who = { id: ci.id, name: "ci" };
  const headers = { ...shown(ci), "x-request-id": "job 17" };
  const made = await served.ask("POST", "/v1/policies", { body: { name: "nightly" }, headers });
  const etag = made.headers.get("etag") ?? "";
  const target = { type: "policy", id: expect.any(String), name: "nightly" };
  expect(await newest()).toMatchObject({
    who,
    operation: "POST /v1/policies",
    target,
    outcome: { status: 201 },
    requestId: "job 17",
  });
  await served.ask("POST", "/v1/policies", { body: { name: "nightly" }, headers });
  expect(await newest()).toMatchObject({
    target: { type: "policy", name: "nightly" },
    outcome: { status: 409, code: "name-taken" },
  });
  await served.ask("PATCH", "/v1/policies/nightly", { body: { name: 7 }, headers });
  expect(await newest()).toMatchObject({
    operation: "PATCH /v1/policies/{policy}",
    target,
    outcome: { status: 400, code: "invalid-request" },
  });
  await served.ask("DELETE", "/v1/policies/nightly", { headers: { ...headers, "if-match": etag } });
  expect(await newest()).toMatchObject({
    who,
    operation: "DELETE /v1/policies/{policy}",
    target,
    outcome: { status: 204 },
  });
  expect(await audit({ target: "nightly", who: "ci" })).toHaveLength(4);
  expect(await audit({ target: "nightly", who: "somebody" })).toEqual([]);
});

test("A11: a refusal for lack of a scope is kept, also of what would only look, and one of nobody known", async () => {
  const reader = await tokenWith("reader", "read");
  const who = { id: reader.id, name: "reader" };
  const refused = { status: 403, code: "forbidden" };
  const answer = await served.ask("GET", "/v1/audit", { headers: shown(reader) });
  expect(answer).toMatchObject({ status: 403, body: { detail: expect.stringContaining('"admin"') } });
  expect(await newest()).toMatchObject({ who, operation: "GET /v1/audit", outcome: refused });
  const id = uuidv7();
  await served.ask("POST", `/v1/migrations/${id}/cancel`, { headers: shown(reader) });
  expect(await newest()).toMatchObject({
    who,
    operation: "POST /v1/migrations/{id}/cancel",
    target: { type: "migration", id },
    outcome: refused,
  });
  await served.ask("DELETE", "/v1/guests/web", { headers: { authorization: "" } });
  const unknown = await newest();
  expect(unknown).toMatchObject({ target: { name: "web" }, outcome: { status: 401, code: "unauthenticated" } });
  expect(unknown).not.toHaveProperty("who");
  const before = await newest();
  await served.ask("GET", "/v1/guests", { headers: shown(reader) });
  await served.ask("GET", "/v1/guests/nobody", { headers: shown(reader) });
  expect(await newest()).toEqual(before);
});

test("A11: a reason is kept, and no secret, wherever it was put", async () => {
  const made = await tokenWith("leaky", "read");
  const body = { reason: `the rack burns; ${made.token}` };
  await served.ask("POST", "/v1/hosts/alpha/fence", { body, headers: { "x-request-id": made.token } });
  expect(await newest()).toMatchObject({
    target: { type: "host", name: "alpha" },
    reason: "the rack burns; (a secret)",
    outcome: { status: 404, code: "unknown-host" },
  });
  const secret = made.token.split("_")[2] ?? "";
  expect(secret).toHaveLength(32);
  expect(JSON.stringify(await audit({ limit: "200" }))).not.toContain(secret);
});

test("A4: the audit is paged, newest first, and by time", async () => {
  const since = (await newest())?.at ?? "";
  await tokenWith("one", "read");
  await tokenWith("two", "read");
  const all = await audit({ since });
  expect(all.slice(0, 2)).toMatchObject([{ target: { name: "two" } }, { target: { name: "one" } }]);
  const first = AuditList.parse((await served.ask("GET", "/v1/audit?limit=1")).body);
  expect(first.items).toEqual(all.slice(0, 1));
  expect(await audit({ limit: "1", cursor: first.nextCursor ?? "" })).toEqual(all.slice(1, 2));
  for (const wrong of ["since=yesterday", "who=", "colour=red", "cursor=garbage"])
    expect(await served.ask("GET", `/v1/audit?${wrong}`)).toMatchObject({
      status: 400,
      body: { code: "invalid-request" },
    });
});

test("A11: what the page asks for in its session is the dashboard's, and its one-time code is not kept", async () => {
  const code = served.newCode();
  const open = await served.ask("POST", "/v1/session", { body: { code }, headers: { authorization: "" } });
  const cookie = open.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect(await newest()).toMatchObject({ operation: "POST /v1/session", outcome: { status: 204 } });
  const headers = { authorization: "", cookie, origin: served.url };
  await served.ask("POST", "/v1/tokens", { body: { name: "x", scopes: ["read"] }, headers });
  expect(await newest()).toMatchObject({ who: { id: "session", name: "dashboard" }, outcome: { code: "forbidden" } });
  expect(JSON.stringify(await audit({ limit: "200" }))).not.toContain(code);
});
