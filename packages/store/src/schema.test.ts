import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the migrations make what the schema says", async () => {
  const script = fileURLToPath(new URL("../../../scripts/migration.mjs", import.meta.url));
  // Compiling WebAssembly once and roughly is quicker for so short a life.
  const { stdout } = await promisify(execFile)(process.execPath, ["--liftoff-only", script, "--check"]);
  expect(stdout).toContain("the migrations make what the schema says");
});
