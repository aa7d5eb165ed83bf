import { placesIn, sharePlacesIn } from "./places.ts";

/** What a guest mounts: a virtiofsd serves it. */
export interface Share {
  /** By which the guest mounts it. */
  tag: string;
  /** Where its virtiofsd listens. */
  socket: string;
  /** In a command line that is whole: the character device by which it is reached. */
  chardev?: string;
}

/** A virtiofsd, which serves one folder of the host to one guest. */
export interface VirtiofsdSpec {
  /** For messages. */
  name: string;
  /** Where its socket and log are; exists. */
  folder: string;
  /** What it serves. */
  directory: string;
  /** How virtiofsd shuts itself in; `namespace` does not work inside a plain chroot, and `chroot` needs root. */
  sandbox: "namespace" | "chroot" | "none";
  /** To know open files by handles instead of keeping them open, as is needed beyond some ten thousand; needs root. */
  fileHandles?: boolean;
  /** Further options of virtiofsd, as they are. */
  more?: string[];
}

export interface QemuSpec {
  name: string;
  /** Where its sockets and logs are; exists. */
  folder: string;
  memoryMib: number;
  cpus?: number;
  /** "tcg" emulates every instruction; "kvm" needs the machine's permission. */
  accelerator: "kvm" | "tcg";
  /** A machine type; "q35" where none is said. */
  machine?: string;
  /** Both sides of a migration must name the same. */
  cpu?: string;
  kernel?: { image: string; initramfs: string; commandLine: string };
  shares: Share[];
  /** `incoming` waits for a migration; what has come stays stopped until it is told to go on. */
  begins: "running" | "incoming";
  /** Further arguments of QEMU, as they are. */
  more?: string[];
  /** `more` makes the whole guest, but for how its shares and this side reach it. */
  whole?: boolean;
}

/** How QEMU is started. Two sides of a migration differ in `begins` and in their folders alone. */
export function qemuArguments(spec: QemuSpec): string[] {
  return spec.whole === true ? wholeArguments(spec) : describedArguments(spec);
}

export function virtiofsdArguments(spec: VirtiofsdSpec): string[] {
  return [
    "--shared-dir",
    spec.directory,
    "--socket-path",
    sharePlacesIn(spec.folder).socket,
    "--sandbox",
    spec.sandbox,
    ...(spec.fileHandles === true ? ["--inode-file-handles=mandatory", "--modcaps=+dac_read_search"] : []),
    ...(spec.more ?? []),
  ];
}

function wholeArguments({ folder, shares, begins, more = [] }: QemuSpec): string[] {
  const { qmp, pidFile } = placesIn(folder);
  const reached = shares.flatMap(({ chardev = "", socket }) => [
    "-chardev",
    `socket,id=${chardev},path=${valueOf(socket)}`,
  ]);
  const ours = ["-pidfile", pidFile, "-qmp", `unix:${valueOf(qmp)},server=on,wait=off`];
  return [...ours, ...reached, ...(begins === "incoming" ? ["-S", "-incoming", "defer"] : []), ...more];
}

function describedArguments(spec: QemuSpec): string[] {
  const { qmp, console, consoleLog, pidFile } = placesIn(spec.folder);
  return [
    "-name",
    valueOf(spec.name),
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-pidfile",
    pidFile,
    "-machine",
    `${spec.machine ?? "q35"},memory-backend=memory`,
    "-accel",
    spec.accelerator,
    "-smp",
    String(spec.cpus ?? 1),
    ...(spec.cpu === undefined ? [] : ["-cpu", spec.cpu]),
    // virtiofsd reads and writes the guest's memory itself, so that it must be shared.
    "-m",
    `${spec.memoryMib}M`,
    "-object",
    `memory-backend-memfd,id=memory,size=${spec.memoryMib}M,share=on`,
    ...kernelArguments(spec),
    "-qmp",
    `unix:${valueOf(qmp)},server=on,wait=off`,
    "-chardev",
    `socket,id=console,path=${valueOf(console)},server=on,wait=off,logfile=${valueOf(consoleLog)}`,
    "-serial",
    "chardev:console",
    ...spec.shares.flatMap(shareArguments),
    ...(spec.begins === "incoming" ? ["-S", "-incoming", "defer"] : []),
    ...(spec.more ?? []),
  ];
}

function kernelArguments({ kernel }: QemuSpec): string[] {
  if (kernel === undefined) return [];
  return ["-kernel", kernel.image, "-initrd", kernel.initramfs, "-append", kernel.commandLine];
}

function shareArguments({ tag, socket }: Share, number: number): string[] {
  return [
    "-chardev",
    `socket,id=share${number},path=${valueOf(socket)}`,
    "-device",
    `vhost-user-fs-pci,id=filesystem${number},chardev=share${number},tag=${valueOf(tag)}`,
  ];
}

/** As a value in one of QEMU's comma-separated options. */
function valueOf(text: string): string {
  return text.replaceAll(",", ",,");
}
