import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError, type DeviceContext } from "@godwit/backend";
import {
  adoptedIn,
  examine,
  type FoundShare,
  type GuestCommand,
  noteAdopted,
  ownerOf,
  placesIn,
  processIn,
  Qmp,
  QmpError,
  readCommand,
  wordsOf,
} from "@godwit/qemu";
import { deviceError, nameOf } from "../device-error.ts";
import type { Adoption, QemuConfig } from "./config.ts";

const connectLimitMs = 3_000;

/**
 * Takes over a QEMU that runs: looks whether its like can be made elsewhere, and notes whose process it is. Nothing about it changes.
 *
 * @returns what makes its like
 */
export async function adopt(ctx: DeviceContext<Adoption>): Promise<object> {
  const { config, dataFolder } = ctx;
  const { qmp: socket } = config.adopt;
  const process = await ownerOf(socket);
  if (process === undefined) throw notThere(socket);
  const command = readCommand(await wordsOf(process), socket);
  if (await isOurs(process.pid, dirname(dirname(dataFolder))))
    throw deviceError("device-exists", `the QEMU at ${socket} is a guest of Godwit's already`);
  const { reasons, ...learnt } = await examined(socket, command);
  const shares = servedShares(config, command);
  if (reasons.length > 0)
    throw deviceError("create-failed", `the QEMU at ${socket} cannot be taken over: ${reasons.join("; ")}`);
  await noteAdopted(dataFolder, { process, socket });
  const { words, cpu } = command;
  return { ...learnt, ...(cpu === undefined ? {} : { cpu }), shares, arguments: words, whole: true };
}

/** @throws where a share of an adopted guest is not the one that was taken over with it */
export async function expectServed({ config, dataFolder, ...ctx }: DeviceContext<QemuConfig>): Promise<void> {
  const adopted = await adoptedIn(dataFolder);
  if (adopted === undefined) return;
  const { shares } = readCommand(await wordsOf(adopted.process), adopted.socket);
  for (const { device, chardev } of config.shares) {
    const serving = await adoptedIn(join(dirname(dataFolder), device));
    const socket = shares.find((share) => share.chardev === chardev)?.socket;
    if (serving?.socket === socket) continue;
    throw deviceError(
      "create-failed",
      `${nameOf(ctx)} mounts what is served at ${socket}, which ${device} does not adopt`,
    );
  }
}

function notThere(socket: string): ConfigError {
  return new ConfigError("/adopt/qmp", `there is no process behind ${socket} that the agent may look at`);
}

async function examined(socket: string, command: GuestCommand) {
  try {
    using qmp = await Qmp.connect(socket, { deadlineMs: connectLimitMs });
    return await examine(qmp, command);
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    throw new ConfigError("/adopt/qmp", `the QEMU at ${socket} cannot be asked: ${error.message}`);
  }
}

/** Every share that the guest mounts needs a device that serves it. */
function servedShares({ shares }: Adoption, { shares: found }: GuestCommand): QemuConfig["shares"] {
  for (const [index, { tag }] of shares.entries())
    if (!found.some((share) => share.tag === tag))
      throw new ConfigError(`/shares/${index}/tag`, `the guest mounts nothing by the tag ${tag}`);
  const deviceOf = ({ tag }: FoundShare) => shares.find((share) => share.tag === tag)?.device;
  return found.map((share) => {
    const device = deviceOf(share);
    if (device !== undefined) return { device, tag: share.tag, chardev: share.chardev };
    const detail = `the guest mounts ${share.tag}, served at ${share.socket}: name the virtiofs device that adopts it`;
    throw new ConfigError("/shares", detail);
  });
}

/** Whether a device of this host is that process, started or taken over. @param devices the folder of all guests' devices */
async function isOurs(pid: number, devices: string): Promise<boolean> {
  const guests = await readdir(devices).catch(() => []);
  const folders = await Promise.all(
    guests.map(async (guest) => (await readdir(join(devices, guest))).map((device) => join(devices, guest, device))),
  );
  const known = folders.flat().map(async (folder) => {
    const { pidFile, qmp } = placesIn(folder);
    return (await adoptedIn(folder))?.process.pid ?? (await processIn(pidFile, qmp))?.pid;
  });
  return (await Promise.all(known)).includes(pid);
}
