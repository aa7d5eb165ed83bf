import { expect, test } from "vitest";
import { objectionToFound, objectionToRestore, objectionToSave, restoring, saving } from "./begin-save.ts";
import type { Save, Saved } from "./save-state.ts";

const [alpha, beta] = [
  { id: "a", name: "alpha" },
  { id: "b", name: "beta" },
];
const guest = { name: "web", state: "running" as const, busyWith: undefined };
const backends = [
  { kind: "memory", can: { toFile: true } },
  { kind: "gpu", can: {} },
];
const host = { name: "alpha", connected: true, backends };
const kinds = [{ device: "ram", kind: "memory" }];
const possible = { guest, host, kinds, save: undefined };
const order = { id: "s", guest: { id: "g", name: "web" }, host: alpha, folder: "/saves/web", ownedAt: 4, limitMs: 1 };
const save: Save = { id: "s", host: alpha, folder: "/saves/web", epoch: 5, savedAt: 0, bytes: 0 };
const common = { version: 1 as const, guest: order.guest, debts: [], since: 0, askedAt: 0 };
const saved: Saved = { ...common, at: "saved", save, epoch: 5 };

test("F2: a guest that runs on a connected host, of devices that can be saved, is saved", () => {
  expect(objectionToSave(possible)).toBeUndefined();
});

test.each([
  [{ guest: { ...guest, busyWith: "m" } }, "guest-busy"],
  [{ save: saving(order, 0) }, "guest-busy"],
  [{ save: restoring({ ...order, save, from: saved }, 0) }, "guest-busy"],
  [{ guest: { ...guest, state: "saved" as const }, save: saved }, "guest-saved"],
  [{ host: { ...host, connected: false } }, "host-offline"],
  [{ guest: { ...guest, state: "stopped" as const } }, "guest-not-settled"],
  [{ guest: { ...guest, state: "lost" as const } }, "guest-not-settled"],
  [{ kinds: [...kinds, { device: "card", kind: "gpu" }] }, "cannot-save"],
  [{ kinds: [{ device: "card", kind: "unheard-of" }] }, "cannot-save"],
])("F2: with %j it is refused: %s", (differs, code) => {
  expect(objectionToSave({ ...possible, ...differs })).toMatchObject({ code });
});

const restorable = {
  guestId: "g",
  epoch: 5,
  guest: { ...guest, state: "saved" as const },
  host: { ...host, name: "beta" },
  save: saved,
};
const found = { saveId: "s", guestId: "g", epoch: 5, kinds: ["memory"] };

test("F4: the save that the guest was released into last is restored, on any host that can", () => {
  expect(objectionToRestore(restorable)).toBeUndefined();
  expect(objectionToFound(restorable, found)).toBeUndefined();
});

test.each([
  [{ guest }, "guest-not-saved"],
  [{ guest: { ...guest, state: "stopped" as const } }, "guest-not-saved"],
  [{ host: { ...host, connected: false } }, "host-offline"],
  [{ save: restoring({ ...order, host: beta, save, from: saved }, 0) }, "guest-busy"],
])("F4: with %j it is not restored: %s", (differs, code) => {
  expect(objectionToRestore({ ...restorable, ...differs })).toMatchObject({ code });
});

test.each([
  [{ guestId: "other" }, "save-of-another"],
  [{ saveId: "earlier", epoch: 3 }, "save-of-another"],
  [{ kinds: ["memory", "gpu"] }, "missing-back-end"],
  [{ kinds: ["unheard-of"] }, "missing-back-end"],
])("F4: a folder that holds %j is refused: %s", (differs, code) => {
  expect(objectionToFound(restorable, { ...found, ...differs })).toMatchObject({ code });
});

test("F4: a guest that is lost is restored only from a save that it was released into after its last owner was known", () => {
  const lost = { ...restorable, guest: { ...guest, state: "lost" as const }, save: undefined, epoch: 4 };
  expect(objectionToRestore(lost)).toBeUndefined();
  expect(objectionToFound(lost, found)).toBeUndefined();
  expect(objectionToFound({ ...lost, epoch: 5 }, found)).toMatchObject({ code: "save-of-another" });
});
