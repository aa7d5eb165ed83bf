// Writes what is made rather than kept in git; runs after each install:
// - the database client from prisma/schema.prisma. Prisma would download an engine that generating does not use: naming any
//   other file as that engine keeps it from the network;
// - the dashboard's bundle, which the orchestrator serves;
// - an empty embedded database, since unpacking one takes a third of the time of making one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { bundle } from "./bundle.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const schema = join(root, "prisma", "schema.prisma");
const manifest = createRequire(import.meta.url).resolve("prisma/package.json");

// The stamp is written last and says what the client was made from: a client written only in part has none.
const stampFile = join(root, "packages", "store", "src", "generated", ".stamp");
const stamp = createHash("sha256").update(readFileSync(schema)).update(readFileSync(manifest)).digest("hex");
if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) generate();

const database = join(root, "packages", "store", "src", "generated", "empty-database.tar.gz");
if (!existsSync(database)) await makeEmptyDatabase();

await bundle();

async function makeEmptyDatabase() {
  const empty = await PGlite.create();
  const archive = Buffer.from(await (await empty.dumpDataDir("gzip")).arrayBuffer());
  await empty.close();
  // Under its name there is a whole archive or none.
  writeFileSync(`${database}.new`, archive);
  renameSync(`${database}.new`, database);
}

function generate() {
  const program = join(dirname(manifest), "build", "index.js");
  const done = spawnSync(process.execPath, [program, "generate", "--schema", schema, "--no-hints"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" },
  });
  if (done.status === 0) {
    writeFileSync(stampFile, stamp);
  } else {
    console.error(done.error?.message ?? `${done.stdout}${done.stderr}`);
    process.exitCode = 1;
  }
}
