import { expect, test } from "vitest";
import { CreateGuest } from "./guest.ts";
import { ListQuery } from "./list.ts";
import { builtInPolicies, defaultPolicy, PolicySettings } from "./limits.ts";
import { ChangeMigration, CreateMigration, Phase, terminalPhases } from "./migration.ts";
import { CreatePlan } from "./plan.ts";

const asked = { guest: "web", destination: "beta" };
const planId = "01890a5d-ac96-774b-bcce-b302099a8057";

test("A2: a migration is asked for with a guest, with its destination or without, or with a plan, and with nothing else", () => {
  expect(CreateMigration.parse(asked)).toEqual({ ...asked, limits: {} });
  expect(CreateMigration.parse({ ...asked, policy: "fast" })).toMatchObject({ policy: "fast" });
  expect(CreateMigration.parse({ planId })).toEqual({ planId });
  expect(CreateMigration.parse({ guest: "web" })).toEqual({ guest: "web", limits: {} });
  expect(CreateMigration.parse({ guest: "web", placement: "pack" })).toMatchObject({ placement: "pack" });
  for (const wrong of [
    {},
    { destination: "beta" },
    { ...asked, planId },
    { ...asked, force: true },
    { ...asked, placement: "spread" },
    { planId, force: true },
  ])
    expect(CreateMigration.safeParse(wrong).success).toBe(false);
});

test("A2: an unknown or impossible limit is refused, never ignored", () => {
  const limits = [
    { downtimeLimit: 300 },
    { downtimeLimitMs: 0 },
    { deadlineMs: 999 },
    { bandwidthBytesPerSec: 1 },
    { downtimeLimitMs: 0.5 },
    { patience: "endless" },
    { ladder: [{ remedy: "prayer" }] },
    { ladder: [{ remedy: "postcopy", maxMs: 1 }] },
    { ladder: [{ remedy: "force", maxMs: 0 }] },
    { ladder: [{ remedy: "force" }, { remedy: "force" }] },
    { ladder: [{ remedy: "throttle", maxShare: 1 }] },
    { window: { from: "22:00", to: "24:00" } },
    { window: { from: "22:00", to: "22:00" } },
    { hold: "yes" },
  ];
  for (const wrong of limits) {
    expect(CreateMigration.safeParse({ ...asked, limits: wrong }).success).toBe(false);
    expect(CreatePlan.safeParse({ ...asked, limits: wrong }).success).toBe(false);
  }
});

test("A2: every built-in policy is one that could be asked for, and what is left out is as in the default one", () => {
  for (const settings of Object.values(builtInPolicies)) expect(PolicySettings.parse(settings)).toMatchObject(settings);
  expect(PolicySettings.parse({})).toEqual(builtInPolicies[defaultPolicy]);
});

test("A2: a change takes null only for what may be absent", () => {
  expect(ChangeMigration.parse({ limits: { bandwidthBytesPerSec: null, window: null } })).toBeDefined();
  for (const limits of [
    { downtimeLimitMs: null },
    { patience: null },
    { ladder: null },
    { hold: null },
    { unknown: 1 },
  ])
    expect(ChangeMigration.safeParse({ limits }).success).toBe(false);
  for (const wrong of [{}, { limits: {}, phase: "completed" }, { downtimeLimitMs: 100 }])
    expect(ChangeMigration.safeParse(wrong).success).toBe(false);
});

test("A2: a guest has 1 to 64 devices of different names, each with its back end's own configuration", () => {
  const ram = { name: "ram", kind: "memory" };
  const guest = { name: "web", host: "alpha", devices: [ram] };
  expect(CreateGuest.parse(guest).devices).toEqual([{ ...ram, config: {} }]);
  const many = Array.from({ length: 65 }, (_, index) => ({ ...ram, name: `ram${index}` }));
  for (const devices of [[], [ram, ram], many, [{ ...ram, size: 1 }]])
    expect(CreateGuest.safeParse({ ...guest, devices }).success).toBe(false);
});

test("A4: a page holds 1 to 200 items, 50 unless told", () => {
  expect(ListQuery.parse({})).toEqual({ limit: 50 });
  expect(ListQuery.parse({ limit: "200" }).limit).toBe(200);
  for (const limit of ["0", "201", "1.5", "many"]) expect(ListQuery.safeParse({ limit }).success).toBe(false);
});

test("every terminal phase is a phase", () => {
  expect(terminalPhases.filter((phase) => !Phase.options.includes(phase))).toEqual([]);
});
