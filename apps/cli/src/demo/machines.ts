import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findSampleGuest, Heartbeats, type SampleGuest, sampleCommandLine, sampleShareTag } from "@godwit/qemu";
import { UsageError } from "../context.ts";
import type { Scene, Witness } from "./scene.ts";

const memoryMib = 256;
/** What is rewritten in each guest's memory, all the while. */
const works = [
  { name: "calm", mib: 4, mibPerSec: 1 },
  { name: "busy", mib: 48, mibPerSec: 12 },
];
/** Until it has booted, on a busy machine too. */
const bootLimitMs = 120_000;

/**
 * Two virtual machines of QEMU's, each with a share that a virtiofsd serves, go from alpha to beta and back, and are listened to.
 *
 * @param data the demo's folder
 * @param programs the folder that `scripts/install-qemu` has made
 */
export function machineScene(data: string, programs: string): Scene {
  const found = findSampleGuest(programs);
  if (found.missing !== undefined)
    throw new UsageError(
      `The demo of virtual machines cannot run: ${found.missing}. scripts/install-qemu fetches them.`,
    );
  const share = (name: string) => join(data, "shares", name);
  return {
    guests: works.map((work) => guestOf(work, share(work.name), found)),
    agentOptions: ["--qemu", programs],
    async prepare() {
      for (const { name } of works) await mkdir(share(name), { recursive: true });
    },
    async watch({ id, name }) {
      const folderOn = (host: string) => join(data, host, "devices", id, "machine");
      return await listen(name, folderOn);
    },
    stops: [
      { guest: "calm", to: "beta" },
      { guest: "busy", to: "beta" },
      { guest: "calm", to: "alpha" },
      { guest: "busy", to: "alpha" },
    ],
    tries: ["npx godwit migrate busy --to beta --watch", "npx godwit plan calm --to beta", "npx godwit guest list"],
    seen: "What the guests said on their consoles",
  };
}

function guestOf(work: (typeof works)[number], path: string, { kernel, initramfs }: SampleGuest) {
  const { name, mib, mibPerSec } = work;
  const machine = {
    memoryMib,
    accelerator: "tcg",
    kernel: { image: kernel, initramfs, commandLine: sampleCommandLine({ mib, roomMib: mib, mibPerSec }) },
    shares: [{ device: "files", tag: sampleShareTag }],
  };
  return {
    name,
    host: "alpha",
    devices: [
      { name: "files", kind: "virtiofs", config: { path, sandbox: "none" } },
      { name: "machine", kind: "qemu", config: machine },
    ],
  };
}

async function listen(name: string, folderOn: (host: string) => string): Promise<Witness> {
  const heartbeats = await Heartbeats.of(folderOn("alpha"));
  await heartbeats.console.more(3, bootLimitMs);
  return {
    moved: async (to) => await heartbeats.moved(folderOn(to)),
    async summary() {
      const { count, gaps, last } = await heartbeats.summary();
      const faults = `${gaps.length} missing, ${last.errors} of ${last.file} writes to the share failed, ${last.bad} bad pages`;
      return `${name} ${count} heartbeats, ${faults}`;
    },
    [Symbol.asyncDispose]: async () => heartbeats[Symbol.dispose](),
  };
}
