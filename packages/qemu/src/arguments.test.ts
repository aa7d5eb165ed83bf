import { expect, test } from "vitest";
import { type QemuSpec, qemuArguments, type VirtiofsdSpec, virtiofsdArguments } from "./arguments.ts";
import { placesIn } from "./places.ts";

const spec: QemuSpec = {
  name: "web",
  folder: "/run/web",
  memoryMib: 512,
  accelerator: "tcg",
  kernel: { image: "/boot/kernel", initramfs: "/boot/initramfs", commandLine: "console=ttyS0 quiet" },
  shares: [
    { tag: "data", socket: "/run/data/share.sock" },
    { tag: "more", socket: "/run/more/share.sock" },
  ],
  begins: "running",
};

/** The values of an option, in order. */
const valuesOf = (option: string, words: string[]) => words.filter((_, index) => words[index - 1] === option);

test("memory is shared with the processes that serve the shares", () => {
  const words = qemuArguments(spec);
  expect(valuesOf("-object", words)).toEqual(["memory-backend-memfd,id=memory,size=512M,share=on"]);
  expect(valuesOf("-machine", words)).toEqual(["q35,memory-backend=memory"]);
});

test("each share has a device on the socket of its own process", () => {
  const words = qemuArguments(spec);
  expect(valuesOf("-device", words)).toEqual([
    "vhost-user-fs-pci,id=filesystem0,chardev=share0,tag=data",
    "vhost-user-fs-pci,id=filesystem1,chardev=share1,tag=more",
  ]);
  expect(valuesOf("-chardev", words).slice(1)).toEqual([
    "socket,id=share0,path=/run/data/share.sock",
    "socket,id=share1,path=/run/more/share.sock",
  ]);
});

test("the process of a share is told its folder and how to shut itself in", () => {
  const share: VirtiofsdSpec = { name: "data", folder: "/run/data", directory: "/srv/data", sandbox: "chroot" };
  expect(virtiofsdArguments(share).join(" ")).toBe(
    "--shared-dir /srv/data --socket-path /run/data/share.sock --sandbox chroot",
  );
  expect(virtiofsdArguments({ ...share, fileHandles: true })).toContain("--inode-file-handles=mandatory");
});

test("one that is to come waits for its migration and does not start by itself", () => {
  const [running, incoming] = [qemuArguments(spec), qemuArguments({ ...spec, begins: "incoming" })];
  expect(incoming.filter((word) => !running.includes(word))).toEqual(["-S", "-incoming", "defer"]);
});

test("a comma in a name or a path does not begin another option", () => {
  const words = qemuArguments({ ...spec, name: "web,process=no", folder: "/run/a,b" });
  expect(valuesOf("-name", words)).toEqual(["web,,process=no"]);
  expect(valuesOf("-qmp", words)).toEqual(["unix:/run/a,,b/qmp.sock,server=on,wait=off"]);
});

test("a folder whose sockets could not be reached is refused", () => {
  expect(() => placesIn(`/run/${"x".repeat(100)}`)).toThrow("the path to a socket may have 107");
});
