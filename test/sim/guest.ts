import type { Random } from "@godwit/sim";

export const guestId = "00000000-0000-7000-8000-000000000001";

/** A UUID that is as good as any, and the same in every run. */
export function idOf(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** Hosts are known to the orchestrator by an id; here it follows from the name. */
export function hostIdOf(name: string): string {
  return idOf(0xa00000 + name.charCodeAt(0));
}

const MB = 1_000_000;

/** The one guest of a run: how large it is, how it is written to, and what may be asked of its migration. */
export interface SimulatedGuest {
  devices: readonly string[];
  sizeBytes: number;
  bytesPerSec: number;
  /** What is left of it however often it is sent. */
  dirtyBytes: number;
  stopcopyBytes: number;
  deadlineMs: number;
  isDeclined: boolean;
}

export function drawGuest(random: Random): SimulatedGuest {
  const kind = random.pickWeighted([
    ["moves", 30],
    ["stopsTooLong", 1],
    ["neverReady", 1],
    ["declined", 1],
  ]);
  return {
    devices: random.chance(0.5) ? ["ram"] : ["ram", "disk"],
    sizeBytes: random.integer(10, 80) * MB,
    bytesPerSec: 100 * MB,
    dirtyBytes: kind === "neverReady" ? 90 * MB : MB,
    stopcopyBytes: kind === "stopsTooLong" ? 500 * MB : 1_000,
    deadlineMs: kind === "neverReady" ? random.integer(3_000, 8_000) : 120_000,
    isDeclined: kind === "declined",
  };
}
