import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { type Needs, type Objection, objectionsOf } from "@godwit/backend";
import type { Abilities, AbilityProbe } from "@godwit/qemu";
import { checkRoom } from "../memory/room.ts";
import type { QemuConfig } from "./config.ts";
import { unfitFor } from "./fitness.ts";
import { type HostPath, hostPathsOf } from "./host-paths.ts";

/** Of QEMU itself, beside the guest's memory: its own code and data, and what it holds of the stream. */
const ownBytes = 64 * 1024 ** 2;

export interface OwnProgram {
  probe: AbilityProbe;
  version: string;
}

/** Everything that speaks against the guest's coming to this host. Starts nothing that would stay. */
export async function objectionsTo(
  config: QemuConfig,
  needs: Needs | undefined,
  program: OwnProgram,
): Promise<Objection[]> {
  const found = await Promise.all([ofProgram(config, needs, program), ofFiles(config), ofRoom(config)]);
  return found.flat();
}

async function ofProgram(config: QemuConfig, needs: Needs | undefined, program: OwnProgram): Promise<Objection[]> {
  const { probe, version } = program;
  const own = await asked(probe, config.accelerator);
  if (!("why" in own)) return unfitFor(config, needs, { version, abilities: own });
  // Without the accelerator whatever else there is can be told all the same.
  const otherwise = config.accelerator === "tcg" ? own : await asked(probe, "tcg");
  if ("why" in otherwise) return [unasked(program, own.why)];
  const rest = unfitFor(config, undefined, { version, abilities: otherwise });
  return [noAccelerator(config.accelerator, own.why), ...rest];
}

async function asked(
  probe: AbilityProbe,
  accelerator: QemuConfig["accelerator"],
): Promise<Abilities | { why: string }> {
  try {
    return await probe.of(accelerator);
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

function noAccelerator(accelerator: string, why: string): Objection {
  return {
    code: "missing-feature",
    pointer: "/accelerator",
    reason: `the guest runs with the accelerator ${accelerator}, which this host does not have: ${why}`,
    fix: `Let the agent's user open /dev/${accelerator} here, or take a host that has it.`,
  };
}

function unasked({ probe, version }: OwnProgram, why: string): Objection {
  return {
    code: "missing-feature",
    reason: `QEMU ${version} of this host (${probe.program}) does not tell what it can do: ${why}`,
    fix: "See that it starts on this host.",
  };
}

async function ofFiles(config: QemuConfig): Promise<Objection[]> {
  const looked = hostPathsOf(config).map(async (file) => ((await isThere(file)) ? [] : [missing(file)]));
  return (await Promise.all(looked)).flat();
}

async function isThere({ path, isMade }: HostPath): Promise<boolean> {
  const looked = access(isMade ? dirname(path) : path, isMade ? constants.W_OK : constants.R_OK);
  return await looked.then(
    () => true,
    () => false,
  );
}

function missing({ path, pointer, isMade }: HostPath): Objection {
  const reason = isMade
    ? `${path} is to be written, and there is no folder for it on this host that the agent may write to`
    : `there is no ${path} on this host that the agent may read, which the guest's QEMU is started with`;
  const fix = isMade ? "Make the folder." : "Bring it here, the same as on the source.";
  return { code: "missing-file", pointer, reason, fix };
}

async function ofRoom({ memoryMib }: QemuConfig): Promise<Objection[]> {
  const objections = objectionsOf(await checkRoom(memoryMib * 1024 ** 2 + ownBytes, 0));
  return objections.map((objection) => ({
    ...objection,
    pointer: "/memoryMib",
    fix: "Free memory on this host, or take another.",
  }));
}
