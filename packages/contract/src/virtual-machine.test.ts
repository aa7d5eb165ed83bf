import { expect, test } from "vitest";
import { guestOf, virtualMachineSchema } from "./virtual-machine.ts";

function parsed(spec: object) {
  return virtualMachineSchema(spec).safeParse(spec);
}

test("Q12: a machine is a guest with a device for each share", () => {
  const shares = [{ tag: "data", path: "/srv/data", sandbox: "none" }];
  const { data } = parsed({ name: "web", host: "alpha", memoryMib: 512, shares });
  expect(data && guestOf(data)).toEqual({
    name: "web",
    host: "alpha",
    devices: [
      { name: "share0", kind: "virtiofs", config: { path: "/srv/data", sandbox: "none", fileHandles: false } },
      {
        name: "machine",
        kind: "qemu",
        config: {
          memoryMib: 512,
          cpus: 1,
          accelerator: "kvm",
          machine: "q35",
          arguments: [],
          shares: [{ device: "share0", tag: "data" }],
        },
      },
    ],
  });
});

test("Q12: one that is handed over says where its processes are reached, and nothing else", () => {
  const shares = [{ tag: "data", socket: "/run/web/share" }];
  const { data } = parsed({ name: "web", host: "alpha", adopt: { qmp: "/run/web/qmp" }, shares });
  expect(data && guestOf(data).devices).toEqual([
    { name: "share0", kind: "virtiofs", config: { adopt: { socket: "/run/web/share" } } },
    {
      name: "machine",
      kind: "qemu",
      config: { adopt: { qmp: "/run/web/qmp" }, shares: [{ device: "share0", tag: "data" }] },
    },
  ]);
});

const named = { name: "web", host: "alpha" };

test.each([
  [{ ...named }, ["memoryMib"]],
  [{ ...named, memoryMib: "512" }, ["memoryMib"]],
  [{ host: "alpha", memoryMib: 512 }, ["name"]],
  [{ ...named, memoryMib: 512, kernel: { image: "/k", initramfs: "i" } }, ["kernel", "initramfs"]],
  [{ ...named, memoryMib: 512, shares: [{ tag: "data" }] }, ["shares", 0, "path"]],
  [{ ...named, adopt: {} }, ["adopt", "qmp"]],
  [{ ...named, adopt: { qmp: "/q" }, shares: [{ tag: "data" }] }, ["shares", 0, "socket"]],
])("Q12: what is wrong about %j is named", (spec, path) => {
  expect(parsed(spec).error?.issues[0]?.path).toEqual(path);
});
