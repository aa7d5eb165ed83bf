import { lackingOf, type Needs, type Objection } from "@godwit/backend";
import type { Abilities, GuestNeeds } from "@godwit/qemu";
import type { QemuConfig } from "./config.ts";

/** What a guest needs, by kind of thing: the words in which both sides, and people, are told. */
export const kinds = {
  machine: "machine type",
  cpuFlag: "CPU flag",
  device: "device model",
  accelerator: "accelerator",
};

/** Without these a guest would neither be stopped in time, nor undone, nor slowed down. */
const neededCapabilities = ["events", "return-path", "pause-before-switchover", "switchover-ack", "auto-converge"];
/** So many are named, the others counted. */
const namedLimit = 12;

export function needsBy({ machine, cpuFlags, deviceModels }: GuestNeeds, { accelerator }: QemuConfig): Needs {
  return {
    [kinds.machine]: [machine],
    [kinds.accelerator]: [accelerator],
    [kinds.cpuFlag]: cpuFlags,
    [kinds.device]: deviceModels,
  };
}

/** The machine type that the guest has got where it runs; what is configured may be but an alias of it. */
export function machineOf(config: QemuConfig, needs: Needs | undefined): string {
  return needs?.[kinds.machine]?.[0] ?? config.machine;
}

export interface OwnQemu {
  version: string;
  abilities: Abilities;
}

/** What the guest needs and the QEMU of this host, under the guest's accelerator, does not have. */
export function unfitFor(config: QemuConfig, needs: Needs | undefined, own: OwnQemu): Objection[] {
  return [
    ...otherMachine(machineOf(config, needs), own),
    ...otherCpu(config, own),
    ...lessCpu(config, needs, own),
    ...otherDevices(needs, own),
    ...lessMigration(config, own),
  ];
}

function otherMachine(machine: string, { version, abilities }: OwnQemu): Objection[] {
  if (abilities.machines.includes(machine) || Object.hasOwn(abilities.aliases, machine)) return [];
  const newest = newestLike(machine, abilities.machines);
  const instead = newest === undefined ? "" : `; the newest of that kind is ${newest}`;
  const release = /-(\d+\.\d+)$/.exec(machine)?.[1];
  const other = newest === undefined ? "" : `, or start the guest as ${newest} (its configuration's machine)`;
  return [
    {
      code: "missing-feature",
      pointer: "/machine",
      reason: `the guest runs as machine type ${machine}, which QEMU ${version} of this host does not have${instead}`,
      fix: `Install QEMU ${release === undefined ? "of the source's release" : `${release} or newer`} here${other}.`,
    },
  ];
}

/** "pc-q35-9.2" for "pc-q35-10.0". */
function newestLike(machine: string, machines: string[]): string | undefined {
  const family = machine.replace(/\d+\.\d+$/, "");
  const alike = machines.filter((name) => name.startsWith(family) && /^\d+\.\d+$/.test(name.slice(family.length)));
  return alike.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}

function otherCpu({ cpu }: QemuConfig, { version, abilities }: OwnQemu): Objection[] {
  const [model = ""] = cpu?.split(",") ?? [];
  if (cpu === undefined || abilities.cpuModels.includes(model)) return [];
  return [
    {
      code: "missing-feature",
      pointer: "/cpu",
      reason: `the guest has the CPU model ${model}, which QEMU ${version} of this host does not know`,
      fix: "Install QEMU of the source's release or newer here, or start the guest with a CPU model that both know.",
    },
  ];
}

function lessCpu({ accelerator, cpu }: QemuConfig, needs: Needs | undefined, { abilities }: OwnQemu): Objection[] {
  const lacking = lackingOf(needs, kinds.cpuFlag, abilities.cpuFlags);
  if (lacking.length === 0) return [];
  const giver = accelerator === "kvm" ? "the processor of this host" : "the emulation of this host's QEMU";
  const model = cpu === undefined ? "with its machine's usual CPU model" : `with the CPU model ${cpu}`;
  const count = `${lacking.length} CPU ${lacking.length === 1 ? "flag" : "flags"}`;
  return [
    {
      code: "missing-feature",
      pointer: "/cpu",
      reason: `the guest, ${model}, has ${count} that ${giver} cannot give it: ${named(lacking)}`,
      fix: "Start the guest with a CPU model that both hosts can give it whole, or take a host with these flags.",
    },
  ];
}

function otherDevices(needs: Needs | undefined, { version, abilities }: OwnQemu): Objection[] {
  const lacking = lackingOf(needs, kinds.device, abilities.deviceModels);
  if (lacking.length === 0) return [];
  return [
    {
      code: "missing-feature",
      reason: `the guest has devices of models that QEMU ${version} of this host does not have: ${named(lacking)}`,
      fix: "Install the same QEMU with the same modules here, or start the guest without them.",
    },
  ];
}

function lessMigration({ streams }: QemuConfig, { version, abilities }: OwnQemu): Objection[] {
  const needed = [...neededCapabilities, ...(streams > 1 ? ["multifd"] : [])];
  const lacking = needed.filter((name) => !abilities.migration.includes(name));
  if (lacking.length === 0) return [];
  return [
    {
      code: "missing-feature",
      reason: `QEMU ${version} of this host cannot migrate as is needed: it lacks ${named(lacking)}`,
      fix: "Install QEMU 8.2 or newer here.",
    },
  ];
}

function named(names: string[]): string {
  const shown = names.slice(0, namedLimit).join(", ");
  return names.length > namedLimit ? `${shown} and ${names.length - namedLimit} more` : shown;
}
