import { expect, test } from "vitest";
import type { BackendInfo } from "./backend.ts";
import { compareBackends } from "./compare-backends.ts";

const info: BackendInfo = {
  kind: "memory",
  version: "2.0.0",
  format: { writes: 2, reads: [1, 2] },
  features: ["sse", "avx"],
  can: {},
};

test("an older format that is read, and fewer features than are here, are welcome", () => {
  const peer = { ...info, version: "1.0.0", format: { writes: 1, reads: [1] }, features: ["sse"] };
  expect(compareBackends(info, peer)).toEqual({ ok: true });
});

test("a format that is not read is refused with both versions", () => {
  const check = compareBackends(info, { ...info, version: "3.0.0", format: { writes: 3, reads: [3] } });
  expect(check).toMatchObject({ ok: false, code: "incompatible-format" });
  expect(check).toHaveProperty("reason", "the source (memory 3.0.0) writes format 3; 2.0.0 reads 1, 2");
});

test("another kind is refused", () => {
  expect(compareBackends(info, { ...info, kind: "directory" })).toMatchObject({ code: "incompatible-format" });
});

test("a feature that is missing here is named", () => {
  const check = compareBackends(info, { ...info, features: ["avx", "amx", "tsx"] });
  expect(check).toMatchObject({ ok: false, code: "missing-feature" });
  expect(check).toHaveProperty("reason", "the state needs amx, tsx, which memory 2.0.0 lacks on this host");
});
