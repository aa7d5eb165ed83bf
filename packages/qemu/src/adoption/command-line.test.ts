import { describe, expect, test } from "vitest";
import { readCommand, withMachine } from "./command-line.ts";

const qmp = "/run/guest/qmp.sock";
const share = [
  "-chardev",
  "socket,id=fs0,path=/run/guest/share.sock",
  "-device",
  "vhost-user-fs-pci,chardev=fs0,tag=data",
];

function read(...words: string[]) {
  return readCommand(["/usr/bin/qemu-system-x86_64", ...words], qmp);
}

describe("what is of the guest", () => {
  test("Q10: how the process was begun and is reached is left out, and the rest is kept as it is", () => {
    const begun = ["-S", "-incoming", "defer", "--daemonize", "-pidfile", "/run/guest/pid", "-L", "/firmware"];
    const command = read("-name", "-S", ...begun, "-qmp", `unix:${qmp},server=on,wait=off`, "-m", "512", "-nodefaults");
    expect(command.words).toEqual(["-name", "-S", "-m", "512", "-nodefaults"]);
    expect(command.reasons).toEqual([]);
  });

  test("Q10: a monitor on a character device goes with it, and any other monitor stays", () => {
    const other = ["-qmp", "unix:/run/guest/other.sock,server=on", "-monitor", "none"];
    const own = ["-chardev", `socket,id=mon0,path=${qmp},server=on`, "-mon", "chardev=mon0,mode=control"];
    expect(read(...own, ...other).words).toEqual(other);
  });

  test("Q10: a share is found by its device, written either way, and its character device is made anew", () => {
    const found = { tag: "data", chardev: "fs0", socket: "/run/guest/share.sock" };
    expect(read(...share)).toMatchObject({ shares: [found], words: share.slice(2) });
    const inJson = JSON.stringify({ driver: "vhost-user-fs-pci", id: "disk", chardev: "fs0", tag: "data" });
    expect(read(...share.slice(0, 2), "-device", inJson)).toMatchObject({ shares: [found], deviceIds: ["disk"] });
  });

  test("Q10: what a loader was told before its program is not the guest's", () => {
    const loader = ["/opt/lib/ld-linux-x86-64.so.2", "--argv0", "qemu", "--library-path", "/opt/lib", "/opt/qemu"];
    expect(readCommand([...loader, "-m", "256"], qmp).words).toEqual(["-m", "256"]);
  });

  test("two commas in a value are one in a path", () => {
    const words = ["-chardev", "socket,id=fs0,path=/run/a,,b.sock", ...share.slice(2)];
    expect(read(...words).shares).toMatchObject([{ socket: "/run/a,b.sock" }]);
  });
});

test.each([
  [["-snapshot"], "-snapshot"],
  [["-loadvm", "before"], "-loadvm"],
  [["-netdev", "tap,id=net0,fd=28"], "fd=28"],
  [["-add-fd", "fd=3,set=2"], "-add-fd"],
  [["-netdev", "vhost-user,id=net0,chardev=c"], "vhost-user"],
  [["-device", "vhost-user-blk-pci,chardev=c"], "vhost-user-blk-pci"],
])("Q10: %j is refused by name", (words, name) => {
  expect(read(...words).reasons).toEqual([expect.stringContaining(name)]);
});

test.each([
  [
    ["-machine", "q35,accel=tcg"],
    ["-machine", "pc-q35-10.0,accel=tcg"],
  ],
  [
    ["-M", "type=q35"],
    ["-M", "pc-q35-10.0"],
  ],
  [
    ["-machine", "q35", "-machine", "hpet=off"],
    ["-machine", "pc-q35-10.0", "-machine", "hpet=off"],
  ],
  [["-nodefaults"], ["-machine", "pc-q35-10.0", "-nodefaults"]],
])("Q9: %j gets the machine type with its version", (words, named) => {
  expect(withMachine(words, "pc-q35-10.0")).toEqual(named);
});
