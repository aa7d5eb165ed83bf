import { placesIn, sharePlacesIn } from "./places.ts";

/** A folder of the host that the guest mounts. */
export interface Share {
  /** By which the guest mounts it. */
  tag: string;
  folder: string;
  /** How virtiofsd shuts itself in; `namespace` does not work inside a plain chroot, and `chroot` needs root. */
  sandbox: "namespace" | "chroot" | "none";
  /** To know open files by handles instead of keeping them open, as is needed beyond some ten thousand; needs root. */
  fileHandles?: boolean;
}

export interface MachineSpec {
  name: string;
  /** Where its sockets and logs are; exists. */
  folder: string;
  memoryMib: number;
  cpus?: number;
  /** "tcg" emulates every instruction; "kvm" needs the machine's permission. */
  accelerator: "kvm" | "tcg";
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
export function qemuArguments(spec: MachineSpec): string[] {
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
    "q35,memory-backend=memory",
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
    ...spec.shares.flatMap((share, number) => shareArguments(spec, share, number)),
    ...(spec.begins === "incoming" ? ["-S", "-incoming", "defer"] : []),
    ...(spec.more ?? []),
  ];
}

export function virtiofsdArguments(spec: MachineSpec, number: number): string[] {
  const share = spec.shares[number];
  if (share === undefined) throw new Error(`${spec.name} has no share ${number}`);
  const { socket } = sharePlacesIn(spec.folder, number);
  return [
    "--shared-dir",
    share.folder,
    "--socket-path",
    socket,
    "--sandbox",
    share.sandbox,
    ...(share.fileHandles === true ? ["--inode-file-handles=mandatory", "--modcaps=+dac_read_search"] : []),
  ];
}

function kernelArguments({ kernel }: MachineSpec): string[] {
  if (kernel === undefined) return [];
  return ["-kernel", kernel.image, "-initrd", kernel.initramfs, "-append", kernel.commandLine];
}

function shareArguments({ folder }: MachineSpec, share: Share, number: number): string[] {
  const { socket } = sharePlacesIn(folder, number);
  return [
    "-chardev",
    `socket,id=share${number},path=${valueOf(socket)}`,
    "-device",
    `vhost-user-fs-pci,id=filesystem${number},chardev=share${number},tag=${valueOf(share.tag)}`,
  ];
}

/** As a value in one of QEMU's comma-separated options. */
function valueOf(text: string): string {
  return text.replaceAll(",", ",,");
}
