import { defaultExclude, defineConfig } from "vitest/config";

const source = { conditions: ["source", "node", "development|production"] };

/** Minutes of killed and paused processes, with the machine to themselves: `npm run test:faults`. */
const faults = "test/faults/**/*.test.ts";
/** Real virtual machines, of which nothing else here makes use yet: `npm run test:qemu`. */
const machines = "test/qemu/**/*.test.ts";
const apart = { GODWIT_FAULTS: faults, GODWIT_MACHINES: machines };
const only = Object.entries(apart).flatMap(([name, files]) => (process.env[name] === undefined ? [] : files));

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: only.length > 0 ? only : ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...defaultExclude, ...Object.values(apart).filter((files) => !only.includes(files))],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
