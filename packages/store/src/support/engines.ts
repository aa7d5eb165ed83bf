import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { startPostgres } from "../../../../test/support/postgres.ts";
import { need } from "../../../../test/support/requirements.ts";
import { openStore, type Store } from "../index.ts";

/** Declares what every store does, whatever engine is below it. The store is there when the tests run, not yet when they are declared. */
export function describeStore(declare: (opened: { readonly store: Store }) => void): void {
  const postgres = need("postgres");
  describeOver("PGlite", undefined, declare, async () => {
    const folder = await mkdtemp(join(tmpdir(), "godwit-store-"));
    const removal = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
    return { store: await openStore({ dataFolder: folder }), engine: removal };
  });
  describeOver("PostgreSQL", postgres.missing, declare, async () => {
    const engine = await startPostgres(postgres.path ?? "");
    return { store: await openStore({ databaseUrl: engine.url }), engine };
  });
}

function describeOver(
  name: string,
  missing: string | undefined,
  declare: (opened: { readonly store: Store }) => void,
  open: () => Promise<{ store: Store; engine: AsyncDisposable }>,
): void {
  // oxlint-disable-next-line vitest/valid-title
  describe(name, () => {
    let opened: { store: Store; engine: AsyncDisposable } | undefined;

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
        if (opened === undefined) throw new Error("the store is open while tests run, and only then");
        return opened.store;
      },
    });
  });
}
