import { ConfigError } from "@godwit/backend";
import { expect, test } from "vitest";
import { parseMemoryConfig } from "./memory-config.ts";

test("a configuration is a size and a port", () => {
  expect(parseMemoryConfig({ sizeBytes: 1024 ** 2, port: 7001 })).toEqual({ sizeBytes: 1024 ** 2, port: 7001 });
});

test.each([
  ["", 7],
  ["/sizeBytes", { port: 1 }],
  ["/sizeBytes", { sizeBytes: 1024 ** 2 + 1, port: 1 }],
  ["/sizeBytes", { sizeBytes: 4096, port: 1 }],
  ["/sizeBytes", { sizeBytes: 65 * 1024 ** 3, port: 1 }],
  ["/sizeBytes", { sizeBytes: "1048576", port: 1 }],
  ["/port", { sizeBytes: 1024 ** 2, port: 0 }],
  ["/port", { sizeBytes: 1024 ** 2, port: 65_536 }],
  ["/port", { sizeBytes: 1024 ** 2 }],
  ["/co~1lour", { sizeBytes: 1024 ** 2, port: 1, "co/lour": 1 }],
])("what is wrong at %j is named", (pointer, input) => {
  let caught: unknown;
  try {
    parseMemoryConfig(input);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ConfigError);
  expect(caught).toHaveProperty("pointer", pointer);
});
