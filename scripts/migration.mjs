// For developers. `node scripts/migration.mjs <name>` writes the SQL that takes the migrations to prisma/schema.prisma, as the
// next migration: to be read, and completed where data must move, before it is committed. `--check` in the place of a name
// writes nothing and fails where the two differ.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import * as schemaEngine from "@prisma/schema-engine-wasm/schema_engine_bg";

const prismaFolder = fileURLToPath(new URL("../prisma/", import.meta.url));
const migrationsFolder = join(prismaFolder, "migrations");

// By the type's number in pg_type: the types that the catalogue's columns have beyond text.
const columnTypes = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  26: ColumnTypeEnum.Int64,
  1002: ColumnTypeEnum.CharacterArray,
  1003: ColumnTypeEnum.TextArray,
  1005: ColumnTypeEnum.Int32Array,
  1009: ColumnTypeEnum.TextArray,
};

const name = process.argv[2];
if (name === undefined || !/^(--check|[a-z0-9_]+)$/.test(name)) {
  throw new Error("give --check, or a name of lower-case letters, digits and underscores");
}

const sql = await missingSql();
if (sql === undefined) {
  console.log("the migrations make what the schema says");
} else if (name === "--check") {
  console.error(`the migrations lack what the schema says:\n${sql}`);
  process.exitCode = 1;
} else {
  const stamp = new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14);
  const folder = join(migrationsFolder, `${stamp}_${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "migration.sql"), sql);
  console.log(join(folder, "migration.sql"));
}

async function missingSql() {
  const path = join(prismaFolder, "schema.prisma");
  const content = readFileSync(path, "utf8");
  await startWasm();
  const database = await PGlite.create();
  // One database serves as both: what is compared is only ever made in the shadow.
  const connect = () => Promise.resolve(adapterOver(database));
  const engine = await schemaEngine.SchemaEngine.new(
    { datamodels: [[path, content]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory({
      provider: "postgres",
      adapterName: "@prisma/adapter-pg",
      connect,
      connectToShadowDb: connect,
    }),
  );
  const { stdout, exitCode } = await engine.diff({
    from: { tag: "migrations", ...migrationList() },
    to: { tag: "schemaDatamodel", files: [{ path, content }] },
    script: true,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  });
  engine.free();
  await database.close();
  return exitCode === 0 ? undefined : stdout;
}

async function startWasm() {
  const folder = dirname(fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg")));
  const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, "schema_engine_bg.wasm")), {
    "./schema_engine_bg.js": schemaEngine,
  });
  // The names are those of wasm-bindgen.
  // oxlint-disable-next-line eslint/no-underscore-dangle
  schemaEngine.__wbg_set_wasm(instance.exports);
  // oxlint-disable-next-line eslint/no-underscore-dangle
  instance.exports.__wbindgen_start();
}

function migrationList() {
  const names = readdirSync(migrationsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
  return {
    baseDir: migrationsFolder,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: names.map((path) => ({
      path,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok", value: readFileSync(join(migrationsFolder, path, "migration.sql"), "utf8") },
      },
    })),
  };
}

/** What the schema engine asks of a database, answered by a PGlite in memory. */
function adapterOver(database) {
  return {
    provider: "postgres",
    adapterName: "@prisma/adapter-pg",
    getConnectionInfo: () => ({ schemaName: "public", supportsRelationJoins: true }),
    queryRaw: async ({ sql, args }) => {
      const { fields, rows } = await database.query(sql, args, { rowMode: "array" });
      return {
        columnNames: fields.map((field) => field.name),
        columnTypes: fields.map((field) => columnTypes[field.dataTypeID] ?? ColumnTypeEnum.Text),
        rows,
      };
    },
    executeRaw: async ({ sql, args }) => (await database.query(sql, args)).affectedRows ?? 0,
    executeScript: async (script) => void (await database.exec(script)),
    startTransaction: () => Promise.reject(new Error("comparing needs no transaction")),
    dispose: () => Promise.resolve(),
  };
}
