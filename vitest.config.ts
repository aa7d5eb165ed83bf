import { defineConfig } from "vitest/config";

const source = { conditions: ["source", "node", "development|production"] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ["default", "./test/support/closing-line.ts"],
  },
});
