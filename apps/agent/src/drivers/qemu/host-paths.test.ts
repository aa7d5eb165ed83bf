import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { hostPathsOf } from "./host-paths.ts";

const pathsIn = (...words: string[]) => {
  const paths = hostPathsOf(parseConfig({ memoryMib: 64, arguments: words }));
  return paths.map(({ path, pointer, isMade }) => `${path} ${pointer}${isMade ? " made" : ""}`);
};

test("Q8: the files that a guest is started with are all found in its configuration", () => {
  const kernel = { image: "/boot/vmlinuz", initramfs: "/boot/initramfs", commandLine: "root=/dev/vda" };
  expect(hostPathsOf(parseConfig({ memoryMib: 64, kernel }))).toEqual([
    { path: "/boot/vmlinuz", pointer: "/kernel/image", isMade: false },
    { path: "/boot/initramfs", pointer: "/kernel/initramfs", isMade: false },
  ]);
  expect(pathsIn("-drive", "file=/disks/a,,b.img,if=virtio", "-cdrom", "/isos/c.iso")).toEqual([
    "/disks/a,b.img /arguments/1",
    "/isos/c.iso /arguments/3",
  ]);
  expect(
    pathsIn("-device", "vfio-pci,sysfsdev=/sys/bus/mdev/1", "--blockdev", '{"file":{"filename":"/d.raw"}}'),
  ).toEqual(["/sys/bus/mdev/1 /arguments/1", "/d.raw /arguments/3"]);
  expect(pathsIn("-chardev", "socket,id=a,path=/run/daemon.sock", "-blockdev", "file.filename=/e.raw")).toEqual([
    "/run/daemon.sock /arguments/1",
    "/e.raw /arguments/3",
  ]);
});

test("Q8: of what QEMU makes itself only the folder has to be there", () => {
  expect(pathsIn("-chardev", "socket,id=a,path=/run/a.sock,server=on,logfile=/log/a")).toEqual([
    "/run/a.sock /arguments/1 made",
    "/log/a /arguments/1 made",
  ]);
  expect(pathsIn("-serial", "file:/log/b", "-monitor", "unix:/run/c,server,nowait", "-D", "/log/d")).toEqual([
    "/log/b /arguments/1 made",
    "/run/c /arguments/3 made",
    "/log/d /arguments/5 made",
  ]);
  expect(pathsIn("-netdev", '{"type":"stream","server":true,"addr":{"type":"unix","path":"/run/e"}}')).toEqual([
    "/run/e /arguments/1 made",
  ]);
});

test("Q8: what is for the guest is no file of the host", () => {
  expect(pathsIn("-append", "root=/dev/vda1 init=/bin/sh", "-fw_cfg", "name=opt/a,string=/etc/x")).toEqual([]);
  expect(pathsIn("-netdev", "user,id=n,bootfile=/pxelinux.0", "-smbios", "type=1,serial=/1", "-vga", "std")).toEqual(
    [],
  );
});
