import { expect, test } from "vitest";
import type { Objection } from "./backend.ts";
import { checkOf, lackingOf, objectionsOf } from "./objections.ts";

const room: Objection = { code: "no-room", reason: "256 MiB are needed, 100 MiB available", pointer: "/memoryMib" };
const file: Objection = { code: "missing-file", reason: "there is no /vmlinuz", fix: "Copy it." };

test("M13: a check says everything that speaks against a device, and nothing where nothing does", () => {
  for (const objections of [[], [room], [room, file]]) expect(objectionsOf(checkOf(objections))).toEqual(objections);
  expect(checkOf([])).toEqual({ ok: true });
  expect(checkOf([room])).toEqual({ ok: false, ...room });
});

test("what a state needs and is not there is named, in the order of the needs", () => {
  const needs = { "CPU flag": ["avx2", "sse2", "aes"] };
  expect(lackingOf(needs, "CPU flag", ["sse2"])).toEqual(["avx2", "aes"]);
  expect(lackingOf(needs, "CPU flag", ["aes", "sse2", "avx2", "avx512f"])).toEqual([]);
  expect(lackingOf(needs, "machine type", [])).toEqual([]);
  expect(lackingOf(needs, "constructor", [])).toEqual([]);
  expect(lackingOf(undefined, "CPU flag", [])).toEqual([]);
});
