import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { root, sources } from "./sources.ts";

/** Who may import whom of the workspaces. What is not listed here may not be imported. */
const mayImport: Record<string, string[]> = {
  "packages/contract": [],
  "packages/core": [],
  "packages/launch": [],
  "packages/sim": [],
  "packages/backend": [],
  "packages/channel": [],
  "packages/qemu": ["@godwit/launch"],
  "packages/client": ["@godwit/contract"],
  "packages/store": ["@godwit/launch"],
  "apps/agent": [
    "@godwit/backend",
    "@godwit/channel",
    "@godwit/contract",
    "@godwit/core",
    "@godwit/launch",
    "@godwit/qemu",
  ],
  "apps/dashboard": ["@godwit/contract"],
  "apps/orchestrator": ["@godwit/contract", "@godwit/core", "@godwit/store"],
  "apps/cli": [
    "@godwit/agent",
    "@godwit/client",
    "@godwit/contract",
    "@godwit/core",
    "@godwit/launch",
    "@godwit/orchestrator",
    "@godwit/qemu",
    "@godwit/sim",
  ],
};

const product = sources.filter((source) => source.house in mayImport && !source.isTest);

describe("layering", () => {
  test("every workspace imports only the workspaces that it may", () => {
    const wrong = product.flatMap((source) =>
      source.imports
        .filter((name) => name.startsWith("@godwit/"))
        .filter((name) => !mayImport[source.house]?.includes(packageOf(name)))
        .map((name) => `${source.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("every import is a dependency that the workspace's package.json names", () => {
    const wrong = product.flatMap((source) => {
      const { dependencies = {} } = manifestOf(source.house);
      return source.imports
        .filter((name) => !name.startsWith(".") && !isBuiltin(name))
        .filter((name) => !(packageOf(name) in dependencies))
        .map((name) => `${source.path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test("no import reaches into another workspace by its path", () => {
    const wrong = product.flatMap((source) =>
      source.imports
        .filter((name) => name.startsWith("."))
        .filter((name) => !normalize(join(dirname(source.path), name)).startsWith(`${source.house}/`))
        .map((name) => `${source.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("core depends on nothing, and contract on zod alone", () => {
    const outside = (house: string) =>
      new Set(
        product
          .filter((source) => source.house === house)
          .flatMap((source) => source.imports.filter((name) => !name.startsWith("."))),
      );
    expect([...outside("packages/core")]).toEqual([]);
    expect([...outside("packages/contract")]).toEqual(["zod"]);
  });

  test("the words of the API reach the store only through the orchestrator", () => {
    const wrong = product.filter(
      (source) =>
        source.house === "packages/store" && source.imports.some((name) => /contract|core/.test(packageOf(name))),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });
});

function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

function isBuiltin(name: string): boolean {
  return name.startsWith("node:") || builtinModules.includes(name);
}

function manifestOf(house: string): { dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, house, "package.json"), "utf8"));
}
