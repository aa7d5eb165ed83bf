import type { Abilities } from "@godwit/qemu";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { machineOf, needsBy, unfitFor } from "./fitness.ts";

const abilities: Abilities = {
  machines: ["none", "pc-i440fx-9.2", "pc-q35-8.2", "pc-q35-9.10", "pc-q35-9.2"],
  aliases: { q35: "pc-q35-9.10" },
  deviceModels: ["vhost-user-fs-pci", "virtio-blk-pci"],
  cpuModels: ["qemu64", "max"],
  cpuFlags: ["fpu", "sse2", "avx"],
  knownCpuFlags: ["fpu", "sse2", "avx", "avx2", "avx512f"],
  migration: ["events", "return-path", "pause-before-switchover", "switchover-ack", "auto-converge", "multifd"],
};
const own = { version: "9.10.0", abilities };
const config = parseConfig({ memoryMib: 64, accelerator: "tcg" });
const fitting = { machine: "pc-q35-9.2", cpuFlags: ["sse2"], deviceModels: ["virtio-blk-pci"] };
const unfit = (needs: Partial<typeof fitting>, here = own) =>
  unfitFor(config, needsBy({ ...fitting, ...needs }, config), here);

test("Q8: nothing is said against a guest whose machine, flags and devices are there", () => {
  expect(unfit({})).toEqual([]);
  expect(unfitFor(config, undefined, own)).toEqual([]);
});

test("Q8: the machine type is the one that the guest has got, and what this host has instead is named", () => {
  const [refused, ...others] = unfit({ machine: "pc-q35-10.0" });
  expect(others).toEqual([]);
  expect(refused).toEqual({
    code: "missing-feature",
    pointer: "/machine",
    reason:
      "the guest runs as machine type pc-q35-10.0, which QEMU 9.10.0 of this host does not have; " +
      "the newest of that kind is pc-q35-9.10",
    fix: "Install QEMU 10.0 or newer here, or start the guest as pc-q35-9.10 (its configuration's machine).",
  });
  expect(unfit({ machine: "xenfv" })[0]?.fix).toBe("Install QEMU of the source's release here.");
});

test("Q9: a guest goes on as the machine that it is, whatever its configuration's name for it means here", () => {
  expect(machineOf(config, needsBy({ ...fitting, machine: "pc-q35-8.2" }, config))).toBe("pc-q35-8.2");
  expect(machineOf(config, undefined)).toBe("q35");
});

test("Q8: CPU flags that the guest has and this host cannot give are named, and counted where they are many", () => {
  expect(unfit({ cpuFlags: ["sse2", "avx2", "avx512f"] })).toMatchObject([
    { code: "missing-feature", pointer: "/cpu", reason: expect.stringMatching(/has 2 CPU flags .*: avx2, avx512f$/) },
  ]);
  const many = Array.from({ length: 15 }, (_, index) => `flag${index}`);
  expect(unfit({ cpuFlags: many })[0]?.reason).toMatch(/15 CPU flags .*: flag0, .*, flag11 and 3 more$/);
});

test("Q8: a CPU model that this host's QEMU does not know is named, whatever is added to it or left out", () => {
  const withCpu = (cpu: string) => unfitFor({ ...config, cpu }, undefined, own);
  expect(withCpu("qemu64,+avx,-sse2")).toEqual([]);
  expect(withCpu("GraniteRapids-v2,-avx")).toMatchObject([
    {
      code: "missing-feature",
      pointer: "/cpu",
      reason: expect.stringContaining("CPU model GraniteRapids-v2, which QEMU 9.10.0"),
    },
  ]);
});

test("Q8: devices of models, and capabilities of migration, that this host's QEMU lacks are named", () => {
  expect(unfit({ deviceModels: ["virtio-blk-pci", "ivshmem-plain"] })).toMatchObject([
    { code: "missing-feature", reason: expect.stringMatching(/QEMU 9.10.0 .*: ivshmem-plain$/) },
  ]);
  const lacksMany = { version: "9.10.0", abilities: { ...abilities, migration: abilities.migration.slice(0, 5) } };
  expect(unfitFor({ ...config, streams: 4 }, undefined, own)).toEqual([]);
  expect(unfitFor(config, undefined, lacksMany)).toEqual([]);
  expect(unfitFor({ ...config, streams: 4 }, undefined, lacksMany)).toMatchObject([
    { reason: expect.stringMatching(/lacks multifd$/) },
  ]);
  const older = {
    version: "8.0.2",
    abilities: { ...abilities, migration: ["events", "return-path", "auto-converge"] },
  };
  expect(unfit({}, older)).toMatchObject([
    {
      reason: expect.stringMatching(/lacks pause-before-switchover, switchover-ack$/),
      fix: expect.stringMatching("8.2"),
    },
  ]);
});

test("M13: all of it is said at once", () => {
  expect(unfit({ machine: "pc-q35-10.0", cpuFlags: ["avx2"], deviceModels: ["edu"] })).toHaveLength(3);
});
