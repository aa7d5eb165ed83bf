import { defaultExclude, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const source = { conditions: ["source", "node", "development|production"] };

/** Minutes of killed and paused processes, with the machine to themselves: `npm run test:faults`. */
const faults = "test/faults/**/*.test.ts";
/** Real virtual machines, which take minutes and have the machine to themselves: `npm run test:qemu`. */
const machines = "test/qemu/**/*.test.ts";
const apart = { GODWIT_FAULTS: faults, GODWIT_MACHINES: machines };
const only = Object.entries(apart).flatMap(([name, files]) => (process.env[name] === undefined ? [] : files));

const everything = ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"];
const commanded = Object.values(apart).filter((files) => !only.includes(files));

/** What is held against figures of time (how fast a link is, how fast a guest is written, how soon a share is given back) has the machine to itself, after the rest. */
const timed = ["test/e2e/verdicts.test.ts", "test/e2e/schedule.test.ts"];
const alone: TestProjectInlineConfiguration = {
  extends: true,
  test: { name: "alone", include: timed, maxWorkers: 1, sequence: { groupOrder: 1 } },
};
const rest: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: "rest",
    include: only.length > 0 ? only : everything,
    exclude: [...defaultExclude, ...commanded, ...timed],
    // What is apart has the machine to itself, one file after the other.
    maxWorkers: only.length > 0 ? 1 : 2,
  },
};

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    projects: only.length > 0 ? [rest] : [alone, rest],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
