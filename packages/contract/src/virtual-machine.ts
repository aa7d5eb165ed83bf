import { z } from "zod";
import type { CreateGuest } from "./guest.ts";
import { Name, Reference } from "./primitives.ts";

export const AbsolutePath = z
  .string()
  .max(3_000)
  .regex(/^\//, "must be an absolute path")
  .refine((path) => !path.includes("\0"), "must not contain a NUL character");

/** By which a guest mounts a share. */
export const ShareTag = z.string().min(1).max(36);

/** What a virtual machine is, but for its shares. */
export const machineFields = {
  memoryMib: z.int().min(16).max(4_194_304).meta({ description: "from 16 MiB to 4 TiB" }),
  cpus: z.int().min(1).max(1_024).default(1),
  accelerator: z.enum(["kvm", "tcg"]).default("kvm"),
  machine: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "the name of a machine type, without its options")
    .default("q35")
    .meta({ description: "a machine type of QEMU's, best with its version" }),
  cpu: z.string().min(1).max(1_000).optional().meta({ description: "a CPU model of QEMU's with its flags" }),
  kernel: z
    .strictObject({ image: AbsolutePath, initramfs: AbsolutePath, commandLine: z.string().max(2_000).default("") })
    .optional(),
  arguments: z
    .array(z.string().max(4_000))
    .max(1_024)
    .default([])
    .meta({ description: "further arguments of QEMU as they are: disks, networks and whatever else the guest has" }),
  restore: AbsolutePath.optional().meta({
    description: "a file that a guest was migrated to: with it the guest begins as it was then, instead of booting",
  }),
};

/** How a folder is served to a guest. */
export const servingFields = {
  sandbox: z
    .enum(["namespace", "chroot", "none"])
    .default("namespace")
    .meta({ description: "namespace does not work inside a plain chroot, and chroot needs root" }),
  fileHandles: z
    .boolean()
    .default(false)
    .meta({ description: "open files are known by handles, as is needed beyond some ten thousand; needs root" }),
};

const path = z
  .string()
  .min(1)
  .max(3_000)
  .meta({ description: "absolute, or relative to the host's root for directories; the same content on every host" });

/** A virtual machine as people write it down: to be started, or one that runs already and is handed over. */
export const VirtualMachine = z.strictObject({
  name: Name,
  host: Reference,
  ...machineFields,
  shares: z
    .array(z.strictObject({ tag: ShareTag, path, ...servingFields }))
    .max(16)
    .default([]),
});
export const HandedOver = z.strictObject({
  name: Name,
  host: Reference,
  adopt: z.strictObject({ qmp: AbsolutePath }),
  shares: z
    .array(z.strictObject({ tag: ShareTag, socket: AbsolutePath }))
    .max(16)
    .default([]),
});

/** Parses by what the spec is of, so that what is wrong about it is told of that kind. */
export function virtualMachineSchema(spec: unknown): typeof VirtualMachine | typeof HandedOver {
  return typeof spec === "object" && spec !== null && "adopt" in spec ? HandedOver : VirtualMachine;
}

/** The guest that such a machine is: a device of its own for each share, and one for the machine. */
export function guestOf(spec: z.infer<typeof VirtualMachine> | z.infer<typeof HandedOver>): CreateGuest {
  const shares = spec.shares.map(({ tag }, index) => ({ device: `share${index}`, tag }));
  if ("adopt" in spec) {
    const { name, host, adopt } = spec;
    const configs = spec.shares.map(({ socket }) => ({ adopt: { socket } }));
    return {
      name,
      host,
      devices: [...configs.map(served), { name: "machine", kind: "qemu", config: { adopt, shares } }],
    };
  }
  const { name, host, shares: folders, ...machine } = spec;
  const configs = folders.map(({ path: folder, sandbox, fileHandles }) => ({ path: folder, sandbox, fileHandles }));
  return {
    name,
    host,
    devices: [...configs.map(served), { name: "machine", kind: "qemu", config: { ...machine, shares } }],
  };
}

function served(config: Record<string, unknown>, index: number) {
  return { name: `share${index}`, kind: "virtiofs", config };
}
