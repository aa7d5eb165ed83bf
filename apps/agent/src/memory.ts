import { freemem } from "node:os";
import type { OwnedGuest } from "@godwit/contract";

/** A machine's own figure never stands still; where guests go is not decided by so little. */
const worthTelling = 0.01;

export interface MemoryParts {
  /** Bytes that are left for guests now. */
  free: () => number;
  tell: (freeBytes: number) => void;
}

/** What this host has said of the memory that it has left for guests. */
export class Memory {
  readonly #parts: MemoryParts;
  #told = 0;

  constructor(parts: MemoryParts) {
    this.#parts = parts;
  }

  /** As it is now, in bytes, for whoever is going to say it. */
  told(): number {
    this.#told = this.#parts.free();
    return this.#told;
  }

  /** Says it where it has become another by more than a hundredth. */
  refresh(): void {
    const before = this.#told;
    if (Math.abs(this.#parts.free() - before) > before * worthTelling) this.#parts.tell(this.told());
  }
}

/** What is left of the memory given to guests, or of the machine's, in bytes. */
export function freeBytes(capacityBytes: number | undefined, owned: readonly OwnedGuest[]): number {
  if (capacityBytes === undefined) return freemem();
  const used = owned.flatMap((guest) => guest.devices).reduce((sum, device) => sum + device.sizeBytes, 0);
  return Math.max(0, capacityBytes - used);
}
