import {
  assertNever,
  type Failure,
  type GuestPart,
  type SourceEffect,
  type SourceEvent,
  type SourceHandover,
  stepSource,
} from "@godwit/core";
import type { Released } from "../plane/calls.ts";
import { codeOf, detailOf } from "../plane/failure.ts";
import { type AgentParts, addressesOf, systemAfter } from "./parts.ts";

/** A freeze that has not led to a release by then is refused by the source itself, so that a guest never stays stopped unasked. */
const leastFreezeLimitMs = 60_000;
/** The orchestrator asks first. */
const afterItsLimit = 2;

/**
 * The source's side of one migration: the decisions are `stepSource`'s, this performs them in order. After a restart of the agent an
 * attempt exists again only for a guest that was released and not yet discarded; its data plane is gone.
 */
export class SourceAttempt {
  readonly role = "source";
  readonly migrationId: string;
  readonly guestId: string;
  readonly #parts: AgentParts;
  readonly #guest: GuestPart;
  /** The channels and sources are open in the data plane. */
  #live: boolean;
  /** Where the guest goes, if that is a folder of this host's. */
  readonly folder: string | undefined;
  /** Why the folder has not got its name, and does not get it any more. */
  #misplaced: { code: string; detail: string } | undefined;
  #state: SourceHandover;
  #released: Partial<Released> | undefined;
  /** Why there are no rounds any more. */
  #failure: Failure | undefined;
  #freezeLimitMs = leastFreezeLimitMs;
  #freezeCapBytesPerSec: number | undefined;
  #endFreezeWatch: () => void = () => undefined;

  constructor(
    parts: AgentParts,
    guest: GuestPart,
    migrationId: string,
    start: { state: SourceHandover; live: boolean; folder?: string | undefined },
  ) {
    this.#parts = parts;
    this.#guest = guest;
    this.migrationId = migrationId;
    this.guestId = guest.guestId;
    this.#state = start.state;
    this.#live = start.live;
    this.folder = start.folder;
  }

  get at(): SourceHandover["at"] {
    return this.#state.at;
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  /** Nothing is left to be done or answered. */
  get over(): boolean {
    return this.at === "discarded";
  }

  /** Before the stop the orchestrator decides what becomes of it, and is told again when it asks for rounds. */
  async failed(failure: Failure): Promise<void> {
    if (this.at === "owns") this.#failure = failure;
    await this.handle({ type: "failed", ...failure });
  }

  async precopy(): Promise<void> {
    if (this.#failure === undefined) return await this.#parts.plane.precopy(this.migrationId);
    await this.failed(this.#failure);
  }

  /** How long the orchestrator gives the switchover, and how much of the links on its way, in bytes/s. */
  allow(limitMs = 0, capBytesPerSec?: number): void {
    this.#freezeCapBytesPerSec = capBytesPerSec;
    // Into a folder the guest stands still from the beginning on, for no longer than was said.
    this.#freezeLimitMs = this.folder === undefined ? Math.max(leastFreezeLimitMs, afterItsLimit * limitMs) : limitMs;
  }

  async handle(event: SourceEvent): Promise<void> {
    // What this host keeps or takes back it must have: that rests on a look and not on memory.
    if (event.type === "refuse" || event.type === "failed" || event.type === "reclaim") await this.#look();
    await this.#take(event);
  }

  async #look(): Promise<void> {
    const lost = await this.#parts.plane.whyLost(addressesOf(this.#guest));
    await this.#take({ type: "looked", whole: lost === undefined, lost });
  }

  async #take(event: SourceEvent): Promise<void> {
    const { state, effects } = stepSource(this.#state, event);
    this.#state = state;
    if (state.at !== "freezing" && state.at !== "frozen") this.#endFreezeWatch();
    for (const effect of effects) await this.#perform(effect);
  }

  /** The migration is over and this host keeps the guest: what was opened for it is closed. */
  async abort(): Promise<void> {
    if (this.at === "freezing" || this.at === "frozen") await this.handle({ type: "refuse", epoch: this.epoch });
    if (this.#live) await this.#parts.plane.cancelOutgoing(this.migrationId);
    this.#live = false;
  }

  /** The guest is owned elsewhere, at a higher epoch: what is open here ends without the guest's running again. */
  async overtaken(): Promise<void> {
    this.#endFreezeWatch();
    if (this.#live) await this.#parts.plane.commitOutgoing(this.migrationId);
    this.#live = false;
  }

  async #perform(effect: SourceEffect): Promise<void> {
    const { plane, journal, tell } = this.#parts;
    switch (effect.do) {
      case "stopDevices":
        this.#parts.guests.setState(this.guestId, "stopped");
        this.#watchFreeze();
        void plane.freeze(this.migrationId, this.#freezeCapBytesPerSec);
        return;
      case "resumeDevices":
        return await this.#resume();
      case "commitDevices":
        return await this.#commit();
      case "journal":
        return await journal.append({
          entry: effect.entry,
          guestId: this.guestId,
          migrationId: this.migrationId,
          epoch: effect.epoch,
        });
      case "grant":
        return await this.#grant(effect.epoch);
      case "tell":
        if (effect.said === "released") this.#tellReleased(effect.epoch);
        else tell({ type: effect.said, ...this.#ids, epoch: effect.epoch });
        return;
      case "tellBroken":
        tell({ type: "broken", ...this.#ids, role: "source", ...effect.failure });
        return;
      case "tellRefused":
        tell({ type: "refused", ...this.#ids, epoch: effect.epoch, ...effect.failure });
        return;
      case "tellSpent":
        tell({ type: "spent", ...this.#ids, epoch: effect.epoch, exact: effect.exact, detail: effect.detail });
        return;
      default:
        assertNever(effect);
    }
  }

  #watchFreeze(): void {
    const tooLong = () => this.failed({ code: "FREEZE_TIMEOUT", detail: "the switchover took too long" });
    const { after = systemAfter, enqueue } = this.#parts;
    this.#endFreezeWatch = after(this.#freezeLimitMs, () => enqueue(this.guestId, tooLong));
  }

  async #grant(epoch: number): Promise<void> {
    this.#parts.guests.forget(this.guestId);
    if (this.folder !== undefined) return await this.#place(this.folder, epoch);
    // Without channels (the agent has restarted) the orchestrator carries the grant.
    if (this.#live) this.#released = await this.#parts.plane.grant(this.migrationId, epoch);
  }

  /** F3: the folder is given its name, once and for all or not at all. */
  async #place(folder: string, epoch: number): Promise<void> {
    if (this.#misplaced !== undefined) return;
    const { plane } = this.#parts;
    try {
      this.#released = this.#live
        ? await plane.grant(this.migrationId, epoch)
        : await plane.placeSave({ folder, id: this.migrationId });
    } catch (error) {
      this.#misplaced = { code: codeOf(error), detail: detailOf(error) };
    }
  }

  #tellReleased(epoch: number): void {
    if (this.#misplaced !== undefined)
      return this.#parts.tell({ type: "misplaced", ...this.#ids, epoch, ...this.#misplaced });
    const { stoppedMs, rttMs = 0, stoppedBytes = 0, devices = [] } = this.#released ?? {};
    this.#parts.tell({ type: "released", ...this.#ids, epoch, stoppedMs, rttMs, stoppedBytes, devices });
  }

  async #resume(): Promise<void> {
    const { plane, guests } = this.#parts;
    try {
      if (this.#live) await plane.cancelOutgoing(this.migrationId);
      else await plane.reclaimFrozen(addressesOf(this.#guest));
      this.#live = false;
      await guests.adopt(this.guestId);
    } catch (error) {
      this.#parts.log.error(
        { guest: this.#guest.name, code: codeOf(error) },
        `the guest could not be resumed: ${detailOf(error)}`,
      );
      guests.setState(this.guestId, "stopped");
    }
    await this.#dropSave();
  }

  /** What cannot be removed is no reason for the guest not to run, and is no save: nobody is granted anything of it. */
  async #dropSave(): Promise<void> {
    if (this.folder === undefined) return;
    const dropped = this.#parts.plane.dropSave({ folder: this.folder, id: this.migrationId });
    await dropped.catch((error: unknown) =>
      this.#parts.log.warn({ folder: this.folder }, `the rest of a save stays: ${detailOf(error)}`),
    );
  }

  /** The guest runs elsewhere: what cannot be freed here is no reason to keep the claim to it. */
  async #commit(): Promise<void> {
    const { plane, log } = this.#parts;
    try {
      if (this.#live) await plane.commitOutgoing(this.migrationId);
      else await plane.discardFrozen(addressesOf(this.#guest));
    } catch (error) {
      log.error(
        { guest: this.#guest.name, code: codeOf(error) },
        `the frozen copy could not be freed: ${detailOf(error)}`,
      );
    }
    this.#live = false;
  }

  get #ids() {
    return { migrationId: this.migrationId, guestId: this.guestId };
  }
}
