import { stat } from "node:fs/promises";
import { z } from "zod";
import { interrogate, run } from "./interrogation.ts";

export type Accelerator = "kvm" | "tcg";

/** What a QEMU can do on its host, under one accelerator. */
export interface Abilities {
  /** By their names with a version: "pc-q35-10.0". */
  machines: string[];
  /** What an alias such as "q35" stands for. */
  aliases: Record<string, string>;
  deviceModels: string[];
  /** By which a guest's processor can be named. */
  cpuModels: string[];
  /** That it can give a guest. */
  cpuFlags: string[];
  /** That it knows by name at all. */
  knownCpuFlags: string[];
  /** The capabilities of its migrations. */
  migration: string[];
}

/** Busy machines included. Whoever waits for the answer waits for 10 s in all. */
const deadlineMs = 8_000;

const Machines = z.array(z.object({ name: z.string(), alias: z.string().optional() }));
const Named = z.array(z.object({ name: z.string() }));
const Expansion = z.object({ model: z.object({ props: z.record(z.string(), z.unknown()).default({}) }) });
const Capabilities = z.array(z.object({ capability: z.string() }));

const questions = [
  { name: "query-machines" },
  { name: "qom-list-types", arguments: { implements: "device", abstract: false } },
  { name: "query-cpu-model-expansion", arguments: { type: "full", model: { name: "max" } } },
  { name: "query-migrate-capabilities" },
  { name: "query-cpu-definitions" },
];

/** What the QEMU of this host can do: it is asked once, and again when its file has changed. */
export class AbilityProbe {
  readonly program: string;
  readonly #asked = new Map<Accelerator, { state: string; abilities: Promise<Abilities> }>();

  constructor(program: string) {
    this.program = program;
  }

  /** @throws why it cannot be told; it is asked anew the next time */
  async of(accelerator: Accelerator): Promise<Abilities> {
    const state = await stateOf(this.program);
    const known = this.#asked.get(accelerator);
    if (known?.state === state) return await known.abilities;
    const abilities = ask(this.program, accelerator);
    this.#asked.set(accelerator, { state, abilities });
    abilities.catch(() => {
      if (this.#asked.get(accelerator)?.abilities === abilities) this.#asked.delete(accelerator);
    });
    return await abilities;
  }
}

async function stateOf(program: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(program);
  return `${ino} ${size} ${mtimeMs}`;
}

async function ask(program: string, accelerator: Accelerator): Promise<Abilities> {
  const [answers, help] = await Promise.all([
    interrogate(program, ["-accel", accelerator], questions, deadlineMs),
    run(program, ["-cpu", "help"], "", deadlineMs),
  ]);
  return read(answers, help.text);
}

/** @throws where QEMU's words are not what they have always been */
export function read([machines, types, max, migration, cpus]: unknown[], cpuHelp: string): Abilities {
  const named = Machines.parse(machines);
  const knownCpuFlags = flagsIn(cpuHelp);
  const { props } = Expansion.parse(max).model;
  return {
    machines: named.map(({ name }) => name),
    aliases: Object.fromEntries(named.flatMap(({ name, alias }) => (alias === undefined ? [] : [[alias, name]]))),
    deviceModels: Named.parse(types).map(({ name }) => name),
    cpuModels: Named.parse(cpus).map(({ name }) => name),
    cpuFlags: knownCpuFlags.filter((flag) => Object.hasOwn(props, flag) && props[flag] === true),
    knownCpuFlags,
    migration: Capabilities.parse(migration).map(({ capability }) => capability),
  };
}

/** The properties of a CPU are more than its flags, and a flag has several names among them: here each has one. */
function flagsIn(cpuHelp: string): string[] {
  const flags = cpuHelp.split("Recognized CPUID flags:")[1]?.split(/\s+/).filter(Boolean) ?? [];
  if (flags.length === 0) throw new Error("it does not tell which CPU flags it knows");
  return flags;
}
