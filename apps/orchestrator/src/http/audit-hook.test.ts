import type { AuditOutcome, AuditRecord, Store } from "@godwit/store";
import Fastify from "fastify";
import { pino } from "pino";
import { expect, test } from "vitest";
import { keepAudit } from "./audit-hook.ts";
import { answerProblems } from "./problems.ts";

interface Failing {
  add?: boolean;
  finish?: boolean;
}

/** An app with one route that acts, over an audit that may be out of reach. */
function appOver(failing: Failing = {}) {
  const kept = { acts: 0, records: new Map<string, AuditRecord>(), log: "" };
  const failIf = (fails: boolean | undefined) => {
    if (fails === true) throw new Error("out of reach");
  };
  const audit: Pick<Store["audit"], "add" | "finish"> = {
    add: async (record) => {
      failIf(failing.add);
      kept.records.set(record.id, record);
    },
    finish: async (id: string, outcome: AuditOutcome, target) => {
      failIf(failing.finish);
      const record = kept.records.get(id);
      if (record !== undefined) kept.records.set(id, { ...record, outcome, target: target ?? record.target });
    },
  };
  const app = Fastify({ logger: false, genReqId: () => "r1" });
  answerProblems(app);
  const log = pino({}, { write: (line: string) => void (kept.log += line) });
  // Of the store nothing but the audit is asked for here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  keepAudit(app, { store: { audit } as Store, clock: { now: () => 0 }, log });
  app.post("/v1/things", async (_, reply) => {
    kept.acts += 1;
    return await reply.code(201).send({ id: "t1", name: "one", token: "secret" });
  });
  app.get("/v1/things", async () => []);
  const post = async (body: object) => await app.inject({ method: "POST", url: "/v1/things", payload: body });
  return { app, post, kept, records: () => [...kept.records.values()] };
}

test("A11: what is asked for and what came of it are one record, in which the answer's secrets are not", async () => {
  const { app, post, records } = appOver();
  const token = `gdw_abcdefgh_${"s".repeat(32)}_000000`;
  await post({ name: "one", reason: `with ${token}, and whsec_QUJD/+==` });
  await app.inject({ method: "GET", url: "/v1/things" });
  expect(records()).toEqual([
    {
      id: expect.any(String),
      createdAt: new Date(0),
      operation: "POST /v1/things",
      target: { type: "thing", id: "t1", name: "one" },
      reason: "with (a secret), and (a secret)",
      requestId: "r1",
      outcome: { status: 201, code: undefined },
    },
  ]);
});

test("A11: what cannot be written down is not carried out", async () => {
  const { post, kept } = appOver({ add: true });
  expect(await post({})).toMatchObject({ statusCode: 500 });
  expect(kept.acts).toBe(0);
});

test("A11: an outcome that cannot be written leaves the record without one and is in the log", async () => {
  const { post, kept, records } = appOver({ finish: true });
  expect(await post({ name: "one" })).toMatchObject({ statusCode: 201 });
  expect(records()).toMatchObject([{ operation: "POST /v1/things" }]);
  expect(records()[0]).not.toHaveProperty("outcome");
  expect(JSON.parse(kept.log)).toMatchObject({
    level: 50,
    audit: { operation: "POST /v1/things", requestId: "r1", outcome: { status: 201 } },
  });
});

test("A11: where there is nothing, what was asked for is not repeated", async () => {
  const { app, records } = appOver();
  await app.inject({ method: "DELETE", url: "/v1/no/such/gdw_path" });
  expect(records()).toMatchObject([
    { operation: "DELETE (no such path)", outcome: { status: 404, code: "not-found" } },
  ]);
  await app.inject({ method: "GET", url: "/v1/nothing" });
  await app.inject({ method: "POST", url: "/elsewhere" });
  expect(records()).toHaveLength(1);
});

test("A11: an answer that becomes another one while it is sent is written down once, as what was done", async () => {
  const { app, post, kept, records } = appOver();
  let faults = 1;
  app.addHook("onSend", async (_, __, payload) => {
    if (faults > 0) throw new Error(`no way out, ${(faults -= 1)} more`);
    return payload;
  });
  expect(await post({ name: "one" })).toMatchObject({ statusCode: 500 });
  expect(kept.acts).toBe(1);
  expect(records()).toMatchObject([{ operation: "POST /v1/things", outcome: { status: 201 } }]);
});
