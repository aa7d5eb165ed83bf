import type { FromAgent } from "@godwit/contract";
import type { GuestPart } from "@godwit/core";
import type { Logger } from "pino";
import type { Guests } from "../guests.ts";
import type { Journal } from "../journal.ts";
import type { Machine } from "../machine.ts";
import type { DeviceAddress, PlaneCalls } from "../plane/calls.ts";

/** Calls into the plane's thread: every answer is awaited. */
export type PlaneProxy = {
  [Name in keyof PlaneCalls]: (...args: Parameters<PlaneCalls[Name]>) => Promise<Awaited<ReturnType<PlaneCalls[Name]>>>;
};

/** What an attempt works with. */
export interface AgentParts {
  plane: PlaneProxy;
  journal: Journal;
  guests: Guests;
  log: Logger;
  machine: Machine;
  /** To the orchestrator if it is connected; what is lost is asked for again. */
  tell: (message: FromAgent) => void;
  /** What concerns one guest is done in the order in which it came. */
  enqueue: (guestId: string, task: () => Promise<void>) => void;
  /** Has the task done after so many ms, unless what is returned is called before. Without it the system's timers do. */
  after?: ((ms: number, task: () => void) => () => void) | undefined;
  /** A clock for durations in ms; without it the process's own. */
  now?: (() => number) | undefined;
}

export function systemAfter(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}

export function addressesOf({ guestId, name, definitions }: GuestPart): DeviceAddress[] {
  return definitions.map((device) => ({
    guestId,
    guestName: name,
    device: device.name,
    kind: device.kind,
    config: device.config,
  }));
}

export function hostAndPort(endpoint: string): { host: string; port: number } {
  const at = endpoint.lastIndexOf(":");
  return { host: endpoint.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(endpoint.slice(at + 1)) };
}
