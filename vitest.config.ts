import { defaultExclude, defineConfig } from "vitest/config";

const source = { conditions: ["source", "node", "development|production"] };

/** Minutes of killed and paused processes, with the machine to themselves: `npm run test:faults`. */
const faults = "test/faults/**/*.test.ts";
const only = process.env["GODWIT_FAULTS"] !== undefined;

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: only ? [faults] : ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...defaultExclude, ...(only ? [] : [faults])],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
