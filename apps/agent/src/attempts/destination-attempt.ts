import {
  assertNever,
  type DestinationEffect,
  type DestinationEvent,
  type DestinationHandover,
  type Failure,
  stepDestination,
} from "@godwit/core";
import type { Started } from "../plane/calls.ts";
import { codeOf, detailOf } from "../plane/failure.ts";
import type { AgentParts } from "./parts.ts";

/** How long it took is known only of what was started right after the grant. */
type KnownStart = Partial<Started> & Pick<Started, "statuses">;

/** The destination's side of one migration: the decisions are `stepDestination`'s, this performs them in order. */
export class DestinationAttempt {
  readonly role = "destination";
  readonly migrationId: string;
  readonly guestId: string;
  /** Where the guest comes from, if that is a folder of this host's. */
  readonly folder: string | undefined;
  readonly #parts: AgentParts;
  #state: DestinationHandover;
  #started: KnownStart | undefined;

  constructor(parts: AgentParts, ids: { guestId: string; migrationId: string; epoch: number; folder?: string }) {
    this.#parts = parts;
    this.migrationId = ids.migrationId;
    this.guestId = ids.guestId;
    this.folder = ids.folder;
    this.#state = { epoch: ids.epoch, at: "reserved", whole: false };
  }

  get at(): Exclude<DestinationHandover["at"], "dropped"> | "revoked" {
    return this.#state.at === "dropped" ? "revoked" : this.#state.at;
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  get over(): boolean {
    return this.#state.at === "dropped" || this.#state.at === "running";
  }

  async failed(failure: Failure): Promise<void> {
    await this.handle({ type: "failed", ...failure });
  }

  async handle(event: DestinationEvent): Promise<void> {
    // Where the answer says what could be run, it rests on a look and not on memory.
    if (event.type === "revoke" || event.type === "regrant") await this.#lookWhetherWhole();
    await this.#take(event);
  }

  async abort(): Promise<void> {
    await this.handle({ type: "drop" });
  }

  async #lookWhetherWhole(): Promise<void> {
    const { whole, at } = this.#state;
    if (!whole || (at !== "loaded" && at !== "revoked") || (await this.#parts.plane.keeps(this.migrationId))) return;
    await this.#take({ type: "failed", code: "gone", detail: "what was loaded is not there any more" });
  }

  async #take(event: DestinationEvent): Promise<void> {
    const { state, effects } = stepDestination(this.#state, event);
    this.#state = state;
    for (const effect of effects) await this.#perform(effect);
  }

  async #perform(effect: DestinationEffect): Promise<void> {
    const { plane, journal, tell } = this.#parts;
    switch (effect.do) {
      case "journal":
        return await journal.append({
          entry: effect.entry,
          guestId: this.guestId,
          migrationId: this.migrationId,
          epoch: effect.epoch,
        });
      case "startDevices":
        return await this.#start(() => plane.start(this.migrationId));
      case "startKept":
        return await this.#start(() => plane.startKept(this.migrationId));
      case "dropDevices":
        return await plane.dropIncoming(this.migrationId);
      case "confirmLoaded":
        return await plane.confirmLoaded(this.migrationId, effect.epoch);
      case "tell":
        if (effect.said === "running") this.#tellRunning(effect.epoch);
        else tell({ type: effect.said, ...this.#ids, epoch: effect.epoch });
        return;
      case "tellRevoked":
        tell({
          type: "revoked",
          ...this.#ids,
          epoch: effect.epoch,
          whole: effect.whole,
          code: effect.code,
          detail: effect.detail,
        });
        return;
      case "tellBroken":
        tell({ type: "broken", ...this.#ids, role: "destination", ...effect.failure });
        return;
      default:
        assertNever(effect);
    }
  }

  async #start(devices: () => Promise<KnownStart>): Promise<void> {
    try {
      this.#started = await devices();
    } catch (error) {
      const whole = error instanceof Error && "whole" in error && error.whole === true;
      return await this.handle({ type: "startFailed", whole, code: codeOf(error), detail: detailOf(error) });
    }
    this.#parts.guests.add(this.guestId, this.#started.statuses);
    await this.handle({ type: "started" });
  }

  #tellRunning(epoch: number): void {
    const { startedMs, devices = [], statuses = [] } = this.#started ?? {};
    this.#parts.tell({ type: "running", ...this.#ids, epoch, startedMs, devices, statuses });
  }

  get #ids() {
    return { migrationId: this.migrationId, guestId: this.guestId };
  }
}
