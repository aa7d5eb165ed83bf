import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, sources } from "./sources.ts";

const lengthOf = (text: string) => text.split("\n").length - 1;
const written = sources.filter((source) => !source.isTest);

describe("the house", () => {
  test("no file is longer than 400 lines", () => {
    expect(sources.filter((source) => lengthOf(source.text) > 400).map((source) => source.path)).toEqual([]);
  });

  test("half of the files have 120 lines or fewer", () => {
    const lengths = written.map((source) => lengthOf(source.text)).toSorted((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(120);
  });

  test("no room is called by a name that says nothing", () => {
    const empty = /(^|\/)(utils?|helpers?|services|controllers?|managers?|common|misc)(\/|\.ts$)/;
    expect(sources.filter((source) => empty.test(source.path)).map((source) => source.path)).toEqual([]);
    expect(
      written
        .filter((source) => /\bclass \w+(Manager|Helper|Service|Controller)\b/.test(source.text))
        .map((source) => source.path),
    ).toEqual([]);
  });

  test("nothing ends the process from inside", () => {
    expect(written.filter((source) => source.text.includes("process.exit(")).map((source) => source.path)).toEqual([]);
  });

  test("no test waits for time to pass", () => {
    const sleeping = /setTimeout\(\s*resolve\s*,\s*\d{3,}|\bsleep\(/;
    expect(
      sources
        .filter((source) => source.path.endsWith(".test.ts") && sleeping.test(source.text))
        .map((source) => source.path),
    ).toEqual([]);
  });
});

describe("the documents", () => {
  const spec = readFileSync(join(root, "SPEC.md"), "utf8");
  const rules = [...spec.matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map((match) => match[1] ?? "");

  test("SPEC.md numbers every rule once", () => {
    expect(rules.length).toBeGreaterThan(40);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });

  test("every rule that a test or a docstring quotes is in SPEC.md", () => {
    const quoted = sources.flatMap((source) =>
      [
        ...source.text.matchAll(
          /(?:^\s*(?:\/?\*\*?|\/\/).*|\b(?:test|it|describe)\(\s*["`][^"`]*)\b([MCHSABNDLPQEFW]\d{1,2})\b/gm,
        ),
      ].map((match) => ({ rule: match[1] ?? "", path: source.path })),
    );
    const unknown = quoted
      .filter(({ rule }) => !rules.includes(rule))
      .map(({ rule, path }) => `${path} quotes ${rule}`);
    expect(unknown).toEqual([]);
  });

  test("ARCHITECTURE.md has every workspace, each with its invariant", () => {
    const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
    const houses = [...new Set(sources.map((source) => source.house))].filter((house) => house.includes("/"));
    const without = houses.filter((house) => {
      const section = architecture.split(/^### /m).find((each) => each.startsWith(`\`${house}\``));
      return section === undefined || !section.includes("Invariant:");
    });
    expect(without).toEqual([]);
  });

  test("every path that README.md and ARCHITECTURE.md name exists", () => {
    const named = ["README.md", "ARCHITECTURE.md"].flatMap((document) =>
      [
        ...readFileSync(join(root, document), "utf8").matchAll(
          /`((?:apps|packages|test|bench|scripts|prisma|docs)\/[\w./-]*)`/g,
        ),
      ].map((match) => match[1] ?? ""),
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
