import { CreateGuest, CreateMigration } from "@godwit/contract";
import { expect, test } from "vitest";
import type { z } from "zod";
import { faultsOf } from "./faults.ts";

const pointers = (schema: z.ZodType, value: unknown) =>
  faultsOf(schema.safeParse(value).error?.issues ?? []).map(({ pointer }) => pointer);

test("A2: a field that is not known is pointed at by its name, with the escapes of RFC 6901", () => {
  expect(pointers(CreateMigration, { guest: "a", destination: "b", "x/y~": 1, z: 2 })).toEqual(["/x~1y~0", "/z"]);
  expect(pointers(CreateMigration, { guest: "a", destination: "b", limits: { speed: 1 } })).toEqual(["/limits/speed"]);
});

test("where a body may have either of two shapes, what is said is of the one whose fields it has", () => {
  expect(pointers(CreateMigration, {})).toEqual(["/guest"]);
  expect(pointers(CreateMigration, { destination: "a" })).toEqual(["/guest"]);
  expect(pointers(CreateMigration, { planId: 5 })).toEqual(["/planId"]);
  expect(
    pointers(CreateMigration, { guest: "a", destination: "b", limits: { downtimeLimitMs: "300", deadlineMs: 1 } }),
  ).toEqual(["/limits/downtimeLimitMs", "/limits/deadlineMs"]);
});

test("the whole body is the empty pointer, and an element of a list goes by its number", () => {
  expect(pointers(CreateMigration, [])).toEqual([""]);
  expect(pointers(CreateGuest, { name: "a", host: "b", devices: [{ name: "UP", kind: "memory" }] })).toEqual([
    "/devices/0/name",
  ]);
});
