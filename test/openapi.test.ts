import { readFile } from "node:fs/promises";
import { problemCodes } from "@godwit/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { openapiFile, servedOpenapi } from "./support/openapi.ts";

const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) }))),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});

test("openapi.json is what an orchestrator of this source serves; npm run openapi writes it anew", async () => {
  expect(JSON.parse(await readFile(openapiFile, "utf8"))).toEqual(JSON.parse(await servedOpenapi()));
});

test("A3: every operation of the document says that it may answer with a problem, of every code of the one table", async () => {
  const { paths, components } = Document.parse(JSON.parse(await readFile(openapiFile, "utf8")));
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(operations.length).toBeGreaterThan(15);
  for (const { responses } of operations) {
    expect(responses["default"]).toMatchObject({
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    });
  }
  expect(components.schemas["Problem"]).toMatchObject({ properties: { code: { enum: problemCodes } } });
});

test("every schema of the document is referred to, and every reference is to one of them", async () => {
  const text = await readFile(openapiFile, "utf8");
  const named = Object.keys(Document.parse(JSON.parse(text)).components.schemas);
  const referred = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = ""]) => name);
  expect(named.toSorted()).toEqual([...new Set(referred)].toSorted());
});
