import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { ProcessName } from "@godwit/launch";
import { type MachineSpec, virtiofsdArguments } from "./arguments.ts";
import { processIn, startApart, untilReady } from "./child.ts";
import { sharePlacesIn } from "./places.ts";

/** The process that serves one share of a guest. It serves one connection, and ends with it. */
export interface Virtiofsd {
  tag: string;
  process: ProcessName;
  log: string;
}

export interface StartOptions {
  deadlineMs: number;
  /** A program with its arguments that is to exec what is started. */
  through?: string[];
}

/** @param started told of the process as soon as there is one, also where the start then fails */
export async function startVirtiofsd(
  program: string,
  spec: MachineSpec,
  number: number,
  { deadlineMs, ...launch }: StartOptions,
  started: (process: ProcessName) => void,
): Promise<Virtiofsd> {
  const { socket, log, pidFile } = sharePlacesIn(spec.folder, number);
  const tag = spec.shares[number]?.tag ?? "";
  await Promise.all([rm(socket, { force: true }), rm(pidFile, { force: true })]);
  const process = await startApart({ program, arguments: virtiofsdArguments(spec, number), log, ...launch });
  started(process);
  // Looked at, not connected to: the first connection is the only one.
  const look = () => (existsSync(socket) ? true : undefined);
  await untilReady(`virtiofsd for ${tag}`, { process, log, deadlineMs }, look);
  return { tag, process, log };
}

export async function findVirtiofsd(spec: MachineSpec, number: number): Promise<Virtiofsd | undefined> {
  const { socket, log, pidFile } = sharePlacesIn(spec.folder, number);
  const process = await processIn(pidFile, socket);
  return process === undefined ? undefined : { tag: spec.shares[number]?.tag ?? "", process, log };
}
