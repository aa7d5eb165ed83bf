import { stat, statfs } from "node:fs/promises";
import { z } from "zod";
import { guestNeeds } from "../guest-needs.ts";
import type { Qmp } from "../qmp/qmp.ts";
import { memoryBytesOf, runStateOf } from "../run-state.ts";
import type { GuestCommand } from "./command-line.ts";

/** What a running QEMU is, as far as its like on another host has to be the same. */
export interface Examined {
  memoryMib: number;
  cpus: number;
  accelerator: "kvm" | "tcg";
  /** With its version. */
  machine: string;
  /** Why the guest cannot be taken over, or could not move: clauses. */
  reasons: string[];
}

const Kvm = z.object({ enabled: z.boolean() });
const Migration = z.object({ status: z.string().default("none"), "blocked-reasons": z.array(z.string()).default([]) });
const Memory = z.array(z.object({ id: z.string().optional(), share: z.boolean() }));
const Blocks = z.array(
  z.object({
    device: z.string().default(""),
    qdev: z.string().optional(),
    inserted: z.object({ file: z.string(), ro: z.boolean() }).optional(),
  }),
);
const Children = z.array(z.object({ name: z.string(), type: z.string() }));

const oldest = { major: 8, minor: 2 };
/** What a host may have in common with others, by the numbers of statfs(2): NFS, CIFS, SMB2, Ceph, FUSE, OCFS2, GFS2, 9P. */
const sharedKinds = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x00c36400, 0x65735546, 0x7461636f, 0x01161970, 0x01021997,
]);

/** Asks a running QEMU what it is, and changes nothing. */
export async function examine(qmp: Qmp, command: GuestCommand): Promise<Examined> {
  const { machine } = await guestNeeds(qmp, undefined);
  const found = await Promise.all([
    ofVersion(qmp),
    ofState(qmp),
    ofMemory(qmp, command),
    ofDevices(qmp, command),
    ofDisks(qmp),
  ]);
  return {
    memoryMib: Math.ceil((await memoryBytesOf(qmp)) / 1024 ** 2),
    cpus: z.array(z.unknown()).parse(await qmp.execute("query-cpus-fast")).length,
    accelerator: Kvm.parse(await qmp.execute("query-kvm")).enabled ? "kvm" : "tcg",
    machine,
    reasons: [...found.flat(), ...command.reasons],
  };
}

async function ofVersion({ version }: Qmp): Promise<string[]> {
  const { major, minor } = version;
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return [];
  return [`it is QEMU ${major}.${minor}, older than 8.2`];
}

async function ofState(qmp: Qmp): Promise<string[]> {
  const state = await runStateOf(qmp);
  const migration = Migration.parse(await qmp.execute("query-migrate"));
  const isOver = ["none", "completed", "failed", "cancelled"].includes(migration.status);
  return [
    ...(state === "running" ? [] : [`it is ${state}, and a guest of Godwit's runs: let it go on first`]),
    ...(isOver ? [] : [`a migration of it is under way (${migration.status})`]),
    ...migration["blocked-reasons"].map((reason) => `QEMU says that it cannot migrate: ${reason}`),
  ];
}

/** virtiofsd reads and writes the guest's memory itself, on the other side too. */
async function ofMemory(qmp: Qmp, { shares }: GuestCommand): Promise<string[]> {
  if (shares.length === 0) return [];
  const backends = Memory.parse(await qmp.execute("query-memdev"));
  if (backends.length > 0 && backends.every(({ share }) => share)) return [];
  return ["it mounts shares and its memory is not shared (memory-backend-memfd with share=on)"];
}

/** The command line tells the guest's devices only where none has come or gone since. */
async function ofDevices(qmp: Qmp, { deviceIds }: GuestCommand): Promise<string[]> {
  const children = Children.parse(await qmp.execute("qom-list", { path: "/machine/peripheral" }));
  const present = children.filter(({ type }) => type.startsWith("child<")).map(({ name }) => name);
  return [
    ...present.filter((id) => !deviceIds.includes(id)).map((id) => `its device ${id} was plugged in after its start`),
    ...deviceIds.filter((id) => !present.includes(id)).map((id) => `its device ${id} was unplugged after its start`),
  ];
}

async function ofDisks(qmp: Qmp): Promise<string[]> {
  const blocks = Blocks.parse(await qmp.execute("query-block"));
  const looked = blocks.map(async ({ device, qdev, inserted }) => {
    if (inserted === undefined || inserted.ro || !(await isOnlyHere(inserted.file))) return [];
    const name = device || qdev || "that has no name";
    return [
      `its disk ${name} is written to ${inserted.file}, a file of this host alone; a network's file system may hold it`,
    ];
  });
  return (await Promise.all(looked)).flat();
}

/** Of a device of the host nobody can tell; what is no file at all is reached the same way from elsewhere. */
async function isOnlyHere(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true && !sharedKinds.has((await statfs(file)).type);
}
