import { AttachError, type AttachedStatus, type Call } from "../attach-protocol.ts";
import { accuracyOf, resetOf, shareOf } from "./parameters.ts";
import type { BackendInfo, StateDigest } from "../backend.ts";
import type { AttachedDevice } from "./attached-device.ts";
import { admit, after, type DeviceState, statusOf } from "./call-order.ts";
import type { RoundIn, RoundOut } from "./round.ts";

/** The call that may change the state and is under way; there is at most one. */
interface Running {
  abort: AbortController;
  settled: Promise<unknown>;
}

/** What a call needs besides its name. Rounds are opened only once the call has been admitted. */
export interface CallInput {
  parameters: Record<string, unknown>;
  openOut(signal: AbortSignal): RoundOut;
  openIn(signal: AbortSignal): RoundIn;
}

/** Keeps a device's state and the order of calls, across the agents that come and go. */
export class DeviceHost {
  readonly #device: AttachedDevice;
  readonly #can: BackendInfo["can"];
  #state: DeviceState;
  #running: Running | undefined;
  /** Something has been sent that the device must forget should the migration end here. */
  #migrating = false;
  /** A stop was begun and not undone, so that a resume must reach the device even if the stop failed. */
  #stopBegun: boolean;
  /** The device was told to lose some of its speed. */
  #throttled = false;
  /** What throttles and what ends it reach the device one after the other. */
  #throttling: Promise<void> = Promise.resolve();

  constructor(device: AttachedDevice, can: BackendInfo["can"]) {
    this.#device = device;
    this.#can = can;
    this.#state = device.initialState;
    this.#stopBegun = device.initialState === "stopped";
  }

  get status(): AttachedStatus {
    return statusOf(this.#state);
  }

  async call(call: Call, input: CallInput): Promise<unknown> {
    switch (call) {
      case "status":
        return this.status;
      case "sizeBytes":
        this.#admit(call);
        return await this.#device.sizeBytes();
      case "pending":
        this.#admit(call);
        return await this.#device.pending(accuracyOf(input.parameters["accuracy"]));
      case "dirtied":
        this.#admit(call);
        return await this.#dirtied(resetOf(input.parameters["reset"]));
      case "throttle":
        return await this.#throttle(this.#admit(call), shareOf(input.parameters["share"]));
      case "ready":
        this.#admit(call);
        await this.#device.ready?.();
        return undefined;
      case "abort":
      case "discard":
        await this.#endRunning();
        return await this.#change(call, input);
      default:
        return await this.#change(call, input);
    }
  }

  /** The agent has gone: what was under way ends, ownership stays as it is. */
  async agentGone(): Promise<void> {
    await Promise.allSettled([this.#endThrottle(), this.#endRunning()]);
    if (!this.#migrating) return;
    this.#migrating = false;
    await this.#device.forget();
  }

  /** Makes the round that is under way fail. */
  cancel(): void {
    this.#running?.abort.abort(new AttachError("cancelled", "the call was cancelled"));
  }

  async #change(call: Call, input: CallInput): Promise<unknown> {
    const admission = this.#admit(call);
    if (admission === "nothing-to-do" && !(call === "resume" && this.#stopBegun)) return undefined;
    if (this.#running !== undefined) throw new AttachError("busy", `${call} must wait for another call to end`);
    const abort = new AbortController();
    const work = this.#perform(call, input, abort.signal);
    const running = { abort, settled: work.catch(() => undefined) };
    this.#running = running;
    try {
      return await work;
    } finally {
      this.#running = undefined;
    }
  }

  async #perform(call: Call, input: CallInput, signal: AbortSignal): Promise<unknown> {
    const device = this.#device;
    let result: StateDigest | undefined;
    switch (call) {
      case "precopy":
        this.#requirePrecopy();
        this.#migrating = true;
        await input.openOut(signal).send((sink) => device.precopy(sink));
        break;
      case "final":
        this.#migrating = true;
        result = await input.openOut(signal).send((sink) => device.final(sink));
        break;
      case "stop":
        this.#stopBegun = true;
        await device.stop();
        await this.#endThrottle();
        break;
      case "resume":
        await this.#resume();
        break;
      case "abort":
        await this.#abort();
        break;
      case "load":
        return await this.#load(input, signal);
      case "verify":
        return await device.verify();
      case "commit":
        await device.commit();
        this.#migrating = false;
        break;
      case "start":
        await device.start();
        break;
      case "discard":
        await device.discard();
        break;
      default:
        throw new AttachError("unsupported", `there is no call ${call}`);
    }
    this.#state = after(this.#state, call);
    return result;
  }

  async #resume(): Promise<void> {
    await this.#device.resume();
    this.#stopBegun = false;
    await this.#endThrottle();
  }

  async #abort(): Promise<void> {
    // First of all, since nothing that fails here may leave the device slow.
    await this.#endThrottle();
    if (this.#stopBegun) await this.#resume();
    if (this.#migrating) await this.#device.forget();
    this.#migrating = false;
  }

  async #dirtied(reset: boolean): Promise<number> {
    if (this.#device.dirtied === undefined) {
      throw new AttachError("unsupported", "this back end does not count what is written");
    }
    return await this.#device.dirtied(reset);
  }

  async #throttle(admission: "admitted" | "nothing-to-do", share: number): Promise<void> {
    if (this.#can.throttle !== true) throw new AttachError("unsupported", "this back end cannot slow its device down");
    if (admission === "nothing-to-do" || this.#stopBegun) return;
    this.#throttled = share > 0;
    await this.#tellThrottle(share);
  }

  async #endThrottle(): Promise<void> {
    if (!this.#throttled) return;
    await this.#tellThrottle(0);
    this.#throttled = false;
  }

  async #tellThrottle(share: number): Promise<void> {
    const before = this.#throttling.catch(() => undefined);
    this.#throttling = before.then(async () => await this.#device.throttle?.(share));
    await this.#throttling;
  }

  async #load(input: CallInput, signal: AbortSignal): Promise<void> {
    const phase = input.parameters["phase"];
    if (phase !== "precopy" && phase !== "final") throw new AttachError("bad-message", "phase is precopy or final");
    const round = input.openIn(signal);
    // Until it has gone well nobody can say what the device holds.
    this.#state = "spoiled";
    await round.receive((chunks) => this.#device.load(chunks, phase));
    this.#state = after(this.#state, "load", phase);
  }

  async #endRunning(): Promise<void> {
    while (this.#running !== undefined) {
      this.cancel();
      await this.#running.settled;
    }
  }

  #requirePrecopy(): void {
    if (this.#can.precopy === false)
      throw new AttachError("unsupported", "this back end can only be moved once stopped");
  }

  #admit(call: Call): "admitted" | "nothing-to-do" {
    const admission = admit(this.#state, call);
    if (admission === "gone") throw new AttachError("gone", "the device was handed over; it is no longer here");
    if (admission === "bad-order") {
      throw new AttachError("bad-order", `${call} is not in order while the device is ${this.#state}`);
    }
    return admission;
  }
}
