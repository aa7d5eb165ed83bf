import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { startPostgres } from "../../../../test/support/postgres.ts";
import { need } from "../../../../test/support/requirements.ts";
import { openDatabase } from "../connect.ts";
import { openStore, type Store } from "../index.ts";
import { storeOver } from "../open.ts";

export interface Opened {
  readonly store: Store;
  /** One more store over the same database, as another process would open it; the caller closes it. */
  another: () => Promise<Store>;
}

interface Engine extends AsyncDisposable {
  another: () => Promise<Store>;
}

/** Declares what every store does, whatever engine is below it. The store is there when the tests run, not yet when they are declared. */
export function describeStore(declare: (opened: Opened) => void): void {
  const postgres = need("postgres");
  describeOver("PGlite", undefined, declare, async () => {
    const folder = await mkdtemp(join(tmpdir(), "godwit-store-"));
    const store = await openStore({ dataFolder: folder });
    return { store, engine: { another: () => besides(folder), [Symbol.asyncDispose]: () => removed(folder) } };
  });
  describeOver("PostgreSQL", postgres.missing, declare, async () => {
    const server = await startPostgres(postgres.path ?? "");
    const another = () => openStore({ databaseUrl: server.url });
    const engine = { another, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
    return { store: await another(), engine };
  });
}

/** Past the folder's lock, to the socket of the database that this process has open. The two stores are used by turns only. */
async function besides(folder: string): Promise<Store> {
  const database = await openDatabase({ host: folder, user: "postgres", database: "postgres" }, 1);
  return storeOver(database, { [Symbol.asyncDispose]: () => Promise.resolve() }, () => undefined);
}

async function removed(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

function describeOver(
  name: string,
  missing: string | undefined,
  declare: (opened: Opened) => void,
  open: () => Promise<{ store: Store; engine: Engine }>,
): void {
  // oxlint-disable-next-line vitest/valid-title
  describe(name, () => {
    let opened: { store: Store; engine: Engine } | undefined;
    const there = () => {
      if (opened === undefined) throw new Error("the store is open while tests run, and only then");
      return opened;
    };

    beforeAll(async () => {
      if (missing === undefined) opened = await open();
    });
    afterAll(async () => {
      await opened?.store[Symbol.asyncDispose]();
      await opened?.engine[Symbol.asyncDispose]();
    });
    beforeEach((context) => {
      if (missing !== undefined) context.skip(missing);
    });

    declare({
      get store(): Store {
        return there().store;
      },
      another: () => there().engine.another(),
    });
  });
}
