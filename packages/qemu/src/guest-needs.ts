import { z } from "zod";
import type { Abilities } from "./abilities.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import type { Qmp } from "./qmp/qmp.ts";

/** What a running guest has got from its QEMU, and needs of any other that it goes to. */
export interface GuestNeeds {
  /** With its version: what "q35" means differs between releases. */
  machine: string;
  cpuFlags: string[];
  deviceModels: string[];
}

const Text = z.string();
const Cpus = z.array(z.object({ "qom-path": z.string() })).min(1);
const Children = z.array(z.object({ name: z.string(), type: z.string() }));

/** Where QEMU keeps what a guest consists of: what has a name, what was given none, and what its machine has anyway. */
const rooms = ["/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached"];

/** @param own what the same program can do, which says what is a flag and what a device; without it neither is told */
export async function guestNeeds(qmp: Qmp, own: Abilities | undefined): Promise<GuestNeeds> {
  const machine = Text.parse(await qmp.execute("qom-get", { path: "/machine", property: "type" }));
  return {
    machine: machine.replace(/-machine$/, ""),
    cpuFlags: own === undefined ? [] : await cpuFlagsOf(qmp, own.knownCpuFlags),
    deviceModels: own === undefined ? [] : await deviceModelsOf(qmp, own.deviceModels),
  };
}

/** Those that its processor has shown to the guest, whatever model they came with and whatever was left out of it. */
async function cpuFlagsOf(qmp: Qmp, known: string[]): Promise<string[]> {
  const [cpu] = Cpus.parse(await qmp.execute("query-cpus-fast"));
  const path = cpu?.["qom-path"];
  // A flag that the program knows and the process does not: the program is newer than the process that was started from it.
  const has = async (property: string) => await qmp.execute("qom-get", { path, property }).catch(unknownHere);
  const values = await Promise.all(known.map(has));
  return known.filter((_, index) => values[index] === true);
}

function unknownHere(error: unknown): false {
  if (error instanceof QmpError && error.kind === "refused") return false;
  throw error;
}

async function deviceModelsOf(qmp: Qmp, known: string[]): Promise<string[]> {
  const found = new Set<string>();
  const list = async (path: string) => Children.parse(await qmp.execute("qom-list", { path }));
  const look = async (path: string) => {
    for (const { type } of await list(path)) {
      const model = /^child<(.*)>$/.exec(type)?.[1];
      if (model !== undefined) found.add(model);
    }
  };
  await Promise.all(rooms.map(look));
  return known.filter((model) => found.has(model));
}
