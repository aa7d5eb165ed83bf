import { Channel, type Frame, type Side } from "./channel.ts";
import type { DeviceAddress } from "../../apps/agent/src/plane/calls.ts";
import type { HostPlane } from "./plane.ts";

interface Order {
  migrationId: string;
  devices: DeviceAddress[];
  ticket: string;
  from: { host: string };
}

const dialEveryMs = 250;
const dialLimitMs = 30_000;

/** The destination's half: dials the source, loads, waits for the grant, starts. */
export class Incoming implements Side {
  readonly order: Order;
  readonly host: string;
  readonly life: Side["life"];
  readonly #plane: HostPlane;
  #channel: Channel | undefined;
  #received = false;
  #over = false;
  #grantedAtMs: number | undefined;

  constructor(plane: HostPlane, order: Order) {
    this.#plane = plane;
    this.host = plane.host.name;
    this.life = plane.life;
    this.order = order;
    this.#dial(plane.world.time.nowMs + dialLimitMs);
  }

  get isWhole(): boolean {
    const { witness } = this.#plane.world;
    return this.order.devices.every(({ device }) => witness.stateOf(this.host, device) === "loaded");
  }

  confirmLoaded(epoch: number): void {
    this.#channel?.send(this, { frame: "loaded", epoch });
  }

  /** One after the other; where one does not start, those that had started are taken down again. */
  async start(): Promise<object> {
    const { witness } = this.#plane.world;
    const started: string[] = [];
    for (const { device } of this.order.devices) {
      await this.#plane.takes("start", 5, () => undefined);
      if (witness.stateOf(this.host, device) !== "loaded" || this.#plane.fails("start")) {
        for (const each of started)
          await this.#plane.takes("takeDown", 3, () => witness.discard(this.host, each, "startFailed"));
        throw Object.assign(new Error(`${device} does not start`), {
          code: "device-failed",
          whole: started.length === 0,
        });
      }
      witness.start(this.host, device);
      started.push(device);
    }
    this.finish();
    const startedMs = this.#plane.world.time.nowMs - (this.#grantedAtMs ?? this.#plane.world.time.nowMs);
    return { startedMs, devices: started.map((name) => ({ name, startMs: 1 })) };
  }

  /** The channels have done their work. */
  finish(): void {
    this.#over = true;
    this.#channel?.close(this);
  }

  async drop(): Promise<void> {
    this.finish();
    for (const { device } of this.order.devices)
      await this.#plane.takes("drop", 2, () => this.#plane.world.witness.discard(this.host, device, "drop"));
  }

  receive(frame: Frame): void {
    if (this.#over) return;
    if (frame.frame === "final") void this.#load(frame.contents);
    else if (frame.frame === "failed") this.#fail(frame.code, "the other side gave up", true);
    else if (frame.frame === "grant") {
      this.#grantedAtMs ??= this.#plane.world.time.nowMs;
      this.#plane.tell("granted", this.order.migrationId, frame.epoch);
    }
  }

  lost(code: string): void {
    this.#fail(code, "the channel has ended");
  }

  async #load(contents: Map<string, number>): Promise<void> {
    for (const { device } of this.order.devices) {
      await this.#plane.takes("load", 15, () => undefined);
      if (this.#over) return;
      if (this.#plane.world.witness.stateOf(this.host, device) !== "receiving" || this.#plane.fails("load"))
        return this.#fail("device-failed", `${device} does not load`);
      this.#plane.world.witness.load(this.host, device, contents.get(device) ?? -1);
    }
    this.#received = true;
    this.#plane.tell("received", this.order.migrationId);
  }

  #dial(untilMs: number): void {
    const { world } = this.#plane;
    this.life.after(world.random.between(1, dialEveryMs), () => {
      if (this.#over) return;
      const { host: from } = this.order.from;
      const other = world.outgoingOf(from, this.order.migrationId, this.order.ticket);
      if (other !== undefined && !world.network.isParted(this.host, from)) {
        this.#channel = new Channel(world.time, world.network, world.random, [other, this]);
        other.channel = this.#channel;
      } else if (world.time.nowMs >= untilMs) this.#fail("link-lost", "the source could not be reached");
      else this.#dial(untilMs);
    });
  }

  #fail(code: string, detail: string, ofPeer?: true): void {
    // Once everything is loaded the channels carry nothing but the grant, and the orchestrator can carry that as well.
    if (this.#over || this.#received) return;
    this.#over = true;
    this.#channel?.send(this, { frame: "failed", code });
    this.#plane.tell("failed", this.order.migrationId, "destination", { code, detail, ...(ofPeer && { ofPeer }) });
  }
}
