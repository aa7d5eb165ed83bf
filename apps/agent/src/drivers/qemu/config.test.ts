import { ConfigError } from "@godwit/backend";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

test("what is left out is QEMU's usual", () => {
  expect(parseConfig({ memoryMib: 512 })).toEqual({
    memoryMib: 512,
    cpus: 1,
    accelerator: "kvm",
    machine: "q35",
    shares: [],
    streams: 1,
    arguments: [],
  });
});

test.each([
  [{}, "/memoryMib"],
  [{ memoryMib: 8 }, "/memoryMib"],
  [{ memoryMib: 512, cpus: 0 }, "/cpus"],
  [{ memoryMib: 512, accelerator: "xen" }, "/accelerator"],
  [{ memoryMib: 512, machine: "q35,hpet=off" }, "/machine"],
  [{ memoryMib: 512, kernel: { image: "vmlinuz", initramfs: "/initramfs" } }, "/kernel/image"],
  [{ memoryMib: 512, shares: [{ device: "files" }] }, "/shares/0/tag"],
  [{ memoryMib: 512, shares: [{ device: "files", tag: "x".repeat(37) }] }, "/shares/0/tag"],
  [{ memoryMib: 512, streams: 9 }, "/streams"],
  [{ memoryMib: 512, restore: "state" }, "/restore"],
  [{ memoryMib: 512, arguments: ["-drive", "file=a", "--incoming", "defer"] }, "/arguments/2"],
  [{ memoryMib: 512, "a/b": 1 }, "/a~1b"],
])("A2: what is wrong about %j is named: %s", (input, pointer) => {
  expect(() => parseConfig(input)).toThrow(ConfigError);
  expect(() => parseConfig(input)).toThrow(expect.objectContaining({ pointer }));
});
