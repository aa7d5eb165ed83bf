import type { Channel, Frame, Side } from "./channel.ts";
import type { HostPlane } from "./plane.ts";

export interface Order {
  migrationId: string;
  devices: { device: string }[];
  ticket: string;
  reportEveryMs: number;
}

/** The source's half of a migration in the data plane, as far as the handover sees it: rounds and figures, the stop, the rest. */
export class Outgoing implements Side {
  readonly order: Order;
  readonly host: string;
  readonly life: Side["life"];
  readonly #plane: HostPlane;
  channel: Channel | undefined;
  #began = false;
  #freezing = false;
  #over = false;
  #sentBytes = 0;
  #busyMs = 0;
  #rounds = 0;
  #heldBack = false;
  #stoppedAtMs = 0;

  constructor(plane: HostPlane, order: Order) {
    this.#plane = plane;
    this.host = plane.host.name;
    this.life = plane.life;
    this.order = order;
  }

  get isOver(): boolean {
    return this.#over;
  }

  precopy(): void {
    if (this.#began || this.#over) return;
    this.#began = true;
    this.#report();
  }

  exact(sequence: number): void {
    const costMs = this.#plane.random.between(0.2, 3);
    this.life.after(costMs, () => {
      if (!this.#over)
        this.#plane.tell("report", this.order.migrationId, { ...this.#figures(), exact: sequence, exactMs: costMs });
    });
  }

  pace(hold: boolean): void {
    this.#heldBack = hold;
  }

  freeze(): void {
    if (this.#freezing || this.#over) return;
    this.#freezing = true;
    void this.#switchOver();
  }

  grant(epoch: number): object {
    this.channel?.send(this, { frame: "grant", epoch });
    const stoppedMs = this.#plane.world.time.nowMs - this.#stoppedAtMs;
    return {
      stoppedMs,
      rttMs: 1,
      stoppedBytes: 1000,
      devices: this.order.devices.map(({ device }) => ({ name: device })),
    };
  }

  /** As if it had never been tried: what stands still runs again. */
  async cancel(): Promise<void> {
    this.#end();
    for (const { device } of this.order.devices) {
      await this.#plane.takes("resume", 2, () => {
        if (this.#plane.world.witness.stateOf(this.host, device) === "stopped")
          this.#plane.world.witness.start(this.host, device);
      });
    }
  }

  async commit(): Promise<void> {
    this.#end();
    for (const { device } of this.order.devices)
      await this.#plane.takes("commit", 2, () => this.#plane.world.witness.discard(this.host, device, "commit"));
  }

  receive(frame: Frame): void {
    if (this.#over) return;
    if (frame.frame === "loaded") this.#plane.tell("confirmed", this.order.migrationId);
    else if (frame.frame === "failed") this.fail(frame.code, "the other side gave up", true);
  }

  lost(code: string): void {
    this.fail(code, "the channel has ended");
  }

  fail(code: string, detail: string, ofPeer?: true): void {
    if (this.#over) return;
    this.#over = true;
    this.channel?.send(this, { frame: "failed", code });
    this.#plane.tell("failed", this.order.migrationId, "source", { code, detail, ...(ofPeer && { ofPeer }) });
  }

  #end(): void {
    this.#over = true;
    this.channel?.close(this);
  }

  async #switchOver(): Promise<void> {
    const { witness } = this.#plane.world;
    await this.#plane.takes("last round", 10, () => undefined);
    this.#stoppedAtMs = this.#plane.world.time.nowMs;
    for (const { device } of this.order.devices) {
      await this.#plane.takes("stop", 3, () => undefined);
      if (this.#over) return;
      if (witness.stateOf(this.host, device) !== "running" || this.#plane.fails("stop"))
        return this.fail("device-failed", `${device} does not stop`);
      witness.stop(this.host, device);
    }
    this.#plane.tell("stopped", this.order.migrationId);
    await this.#plane.takes("final", 20, () => undefined);
    if (this.#over) return;
    if (this.#plane.fails("final")) return this.fail("device-failed", "it does not save");
    const contents = new Map<string, number>();
    for (const { device } of this.order.devices) {
      if (witness.stateOf(this.host, device) !== "stopped") return this.fail("device-failed", `${device} is gone`);
      contents.set(device, witness.contentOf(this.host, device));
    }
    this.channel?.send(this, { frame: "final", contents });
  }

  #report(): void {
    this.life.after(this.order.reportEveryMs, () => {
      if (this.#over || this.#freezing) return;
      const everyMs = this.order.reportEveryMs;
      if (this.channel?.isApart === false && !this.#heldBack) {
        this.#sentBytes += (this.#plane.world.guest.bytesPerSec * everyMs) / 1000;
        this.#busyMs += everyMs;
        this.#rounds += 1;
      }
      const { witness } = this.#plane.world;
      const dead = this.order.devices.find(({ device }) => witness.stateOf(this.host, device) === "dead");
      if (dead !== undefined) return this.fail("gone", `${dead.device} is gone with its process`);
      if (this.#plane.fails("precopy")) return this.fail("device-failed", "a round failed");
      this.#plane.tell("report", this.order.migrationId, this.#figures());
      this.#report();
    });
  }

  #figures(): object {
    const { sizeBytes, dirtyBytes, stopcopyBytes } = this.#plane.world.guest;
    const share = 1 / this.order.devices.length;
    const precopyBytes = Math.ceil(Math.max(dirtyBytes, sizeBytes - this.#sentBytes) * share);
    return {
      atMs: this.#plane.host.clockMs,
      wireBytes: Math.floor(this.#sentBytes),
      busyMs: this.#busyMs,
      rttMs: 1,
      devices: this.order.devices.map(({ device }) => ({
        name: device,
        pending: { initialBytes: 0, precopyBytes, stopcopyBytes: Math.ceil(stopcopyBytes * share), fixedMs: 1 },
        rounds: this.#rounds,
        sentBytes: Math.floor(this.#sentBytes * share),
      })),
    };
  }
}
