import { ConfigError } from "@godwit/backend";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

const root = "/srv/guests";

test("a path may be below the host's folder for directories", () => {
  expect(parseConfig({ path: "web" }, root)).toEqual({ path: "web", sandbox: "namespace", fileHandles: false });
});

test.each([
  [{}, "/path"],
  [{ path: "" }, "/path"],
  [{ path: "/" }, "/path"],
  [{ path: "../etc" }, "/path"],
  [{ path: "web", sandbox: "jail" }, "/sandbox"],
  [{ path: "web", tag: "x" }, "/tag"],
])("A2: what is wrong about %j is named: %s", (input, pointer) => {
  expect(() => parseConfig(input, root)).toThrow(ConfigError);
  expect(() => parseConfig(input, root)).toThrow(expect.objectContaining({ pointer }));
});
