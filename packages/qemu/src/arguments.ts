import { placesIn, sharePlacesIn } from "./places.ts";

/** What a guest mounts: a virtiofsd serves it. */
export interface Share {
  /** By which the guest mounts it. */
  tag: string;
  /** Where its virtiofsd listens. */
  socket: string;
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
}

/** How QEMU is started. Two sides of a migration differ in `begins` and in their folders alone. */
export function qemuArguments(spec: QemuSpec): string[] {
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

export function virtiofsdArguments(spec: VirtiofsdSpec): string[] {
  return [
    "--shared-dir",
    spec.directory,
    "--socket-path",
    sharePlacesIn(spec.folder).socket,
    "--sandbox",
    spec.sandbox,
    ...(spec.fileHandles === true ? ["--inode-file-handles=mandatory", "--modcaps=+dac_read_search"] : []),
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
