import type { DeviceStatus, OwnedGuest } from "@godwit/contract";
import type { GuestPart } from "@godwit/core";
import type { Logger } from "pino";
import { type PlaneProxy, addressesOf } from "./attempts/parts.ts";
import type { Journal } from "./journal.ts";
import { detailOf } from "./plane/failure.ts";

interface Running {
  state: "running" | "stopped";
  devices: DeviceStatus[];
  /** Why it can run here no more. */
  lost?: string | undefined;
}

/** The guests that this host owns: who they are is the journal's word, how they are is kept here. */
export class Guests {
  readonly #journal: Journal;
  readonly #plane: PlaneProxy;
  readonly #log: Logger;
  readonly #running = new Map<string, Running>();

  constructor(journal: Journal, plane: PlaneProxy, log: Logger) {
    this.#journal = journal;
    this.#plane = plane;
    this.#log = log;
  }

  owned(): OwnedGuest[] {
    return [...this.#journal.parts.values()].flatMap((guest) => {
      if (guest.part.as !== "owner") return [];
      const known: Running = this.#running.get(guest.guestId) ?? { state: "stopped", devices: [] };
      const { state, devices, lost } = known;
      const { guestId, name, definitions } = guest;
      const told = { guestId, name, epoch: guest.part.epoch, state, definitions, devices };
      return [lost === undefined ? told : { ...told, lost }];
    });
  }

  /** The guest's part here, if this host owns it. */
  owner(guestId: string): (GuestPart & { part: { as: "owner"; epoch: number } }) | undefined {
    const found = this.#journal.parts.get(guestId);
    return found?.part.as === "owner" ? { ...found, part: found.part } : undefined;
  }

  runs(guestId: string): boolean {
    return this.#running.get(guestId)?.state === "running";
  }

  status(guestId: string): DeviceStatus[] {
    return this.#running.get(guestId)?.devices ?? [];
  }

  setState(guestId: string, state: "running" | "stopped"): void {
    const known = this.#running.get(guestId);
    if (known !== undefined) known.state = state;
  }

  add(guestId: string, devices: DeviceStatus[]): void {
    this.#running.set(guestId, { state: "running", devices });
  }

  /** What has ended first is why. */
  lose(guestId: string, why: string): void {
    const { devices, lost = why } = this.#running.get(guestId) ?? { devices: [] };
    this.#running.set(guestId, { state: "stopped", devices, lost });
  }

  lossOf(guestId: string): string | undefined {
    return this.#running.get(guestId)?.lost;
  }

  forget(guestId: string): void {
    this.#running.delete(guestId);
  }

  /** Looks anew how large the devices of running guests are; returns the guests of which that has changed. */
  async refresh(): Promise<OwnedGuest[]> {
    const changed = new Set<string>();
    for (const [guestId, running] of this.#running) {
      const guest = this.owner(guestId);
      if (guest === undefined || running.state !== "running") continue;
      const sizes = await Promise.all(
        addressesOf(guest).map((address) => this.#plane.sizeOf(address).catch(() => undefined)),
      );
      const devices = running.devices.map((device, index) => ({
        ...device,
        sizeBytes: sizes[index] ?? device.sizeBytes,
      }));
      if (devices.some((device, index) => device.sizeBytes !== running.devices[index]?.sizeBytes)) changed.add(guestId);
      running.devices = devices;
    }
    return this.owned().filter((guest) => changed.has(guest.guestId));
  }

  /**
   * Finds the devices of an owned guest again and starts what should serve. Never throws: a guest that cannot be taken up stays stopped, and
   * says so where its state is gone.
   */
  async adopt(guestId: string): Promise<void> {
    const guest = this.owner(guestId);
    if (guest === undefined) return;
    try {
      const devices = await Promise.all(addressesOf(guest).map((address) => this.#plane.attach(address)));
      this.#running.set(guestId, { state: "running", devices });
    } catch (error) {
      this.#log.error({ guest: guest.name }, `the guest could not be taken up again: ${detailOf(error)}`);
      // What attaching has thrown, looking may throw as well; one guest keeps no other from being taken up.
      const lost = await this.#plane.whyLost(addressesOf(guest)).catch(() => undefined);
      this.#running.set(guestId, { state: "stopped", devices: [], lost });
    }
  }
}
