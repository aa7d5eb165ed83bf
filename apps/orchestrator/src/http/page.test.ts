import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pageRoutes } from "./page.ts";

const id = "0199c0de-0000-7000-8000-000000000000";
let root: string;
let app: FastifyInstance;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-bundle-"));
  app = Fastify();
  await pageRoutes(app, root);
});

afterEach(async () => {
  await app.close();
  await rm(root, { recursive: true });
});

test("P1: every screen's address is answered with the page, which is asked for anew each time", async () => {
  await writeFile(join(root, "index.html"), "<title>Godwit</title>");
  for (const url of [
    "/",
    "/new?guest=web",
    "/migrations",
    `/migrations/${id}`,
    "/hosts/alpha",
    "/guests",
    "/settings",
  ]) {
    const { statusCode, body, headers } = await app.inject(url);
    expect({ url, statusCode, body }).toEqual({ url, statusCode: 200, body: "<title>Godwit</title>" });
    expect(headers["cache-control"]).toBe("no-cache");
  }
  expect((await app.inject("/nowhere")).statusCode).toBe(404);
});

test("P1: assets are sent gzipped to whoever takes that, and kept for good", async () => {
  await mkdir(join(root, "assets"));
  await writeFile(join(root, "assets", "index-1.js"), "export {};");
  await writeFile(join(root, "assets", "index-1.js.gz"), gzipSync("export {};"));
  const plain = await app.inject("/assets/index-1.js");
  expect(plain.body).toBe("export {};");
  expect(plain.headers["cache-control"]).toMatch(/immutable/);
  const packed = await app.inject({ url: "/assets/index-1.js", headers: { "accept-encoding": "gzip" } });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect((await app.inject("/assets/..%2f..%2fsecret")).statusCode).toBeGreaterThanOrEqual(400);
});

test("P1: without a bundle the page says that it has not been built, and how it is", async () => {
  const { statusCode, headers, body } = await app.inject("/");
  expect(statusCode).toBe(503);
  expect(headers["content-type"]).toMatch(/^text\/html/);
  expect(body).toMatch(/has not been built.*npm install/);
});
