import type { Life, Random } from "@godwit/sim";
import type { PlaneProxy } from "../../apps/agent/src/attempts/parts.ts";
import type { DeviceAddress, PlaneNews } from "../../apps/agent/src/plane/calls.ts";
import type { Host } from "./host.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import type { World } from "./world.ts";

/** From the data plane's thread to the agent's: in order. */
const threadMs = 0.05;

export const backend = { kind: "memory", version: "1", format: { writes: 1, reads: [1] }, features: [], can: {} };

/** The data plane of one run of an agent: it ends with it, and the devices, in processes of their own, do not. */
export class HostPlane {
  readonly world: World;
  readonly host: Host;
  readonly life: Life;
  news!: PlaneNews;
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #incoming = new Map<string, Incoming>();

  constructor(world: World, host: Host, life: Life) {
    this.world = world;
    this.host = host;
    this.life = life;
  }

  get random(): Random {
    return this.world.random;
  }

  outgoingOf(migrationId: string): Outgoing | undefined {
    return this.#outgoing.get(migrationId);
  }

  async takes<Result>(what: string, aboutMs: number, work: () => Result): Promise<Result> {
    return await this.life.takes(`plane.${what}`, aboutMs * this.random.between(0.1, 2), work);
  }

  /** True where a device is meant to break at such a step. */
  fails(step: string): boolean {
    return this.world.faults.breaks(this.host.name, step);
  }

  tell(name: keyof PlaneNews, ...rest: unknown[]): void {
    this.life.after(threadMs, () => {
      // The figures and the order of what is told are those of the interface.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (this.news[name] as (...args: unknown[]) => void)(...rest);
    });
  }

  /** What the agent's main thread calls. What is not here is not asked for in these runs. */
  get calls(): PlaneProxy {
    const calls = {
      attach: async (device: DeviceAddress) => await this.takes("attach", 2, () => this.#attach(device)),
      sizeOf: async () => await this.takes("sizeOf", 0.2, () => this.world.guest.sizeBytes),
      check: async () => await this.takes("check", 1, () => this.#check()),
      dirtyHistory: async () => await this.takes("dirtyHistory", 0.2, () => undefined),
      openOutgoing: async (order: Parameters<PlaneProxy["openOutgoing"]>[0]) => await this.#openOutgoing(order),
      precopy: async (id: string) => await this.takes("precopy", 0.2, () => this.#outgoing.get(id)?.precopy()),
      exact: async (id: string, sequence: number) =>
        await this.takes("exact", 0.2, () => this.#outgoing.get(id)?.exact(sequence)),
      pace: async (id: string, { hold }: { hold: boolean }) =>
        await this.takes("pace", 0.2, () => this.#outgoing.get(id)?.pace(hold)),
      throttle: async () => await this.takes("throttle", 0.2, () => undefined),
      freeze: async (id: string) => await this.takes("freeze", 0.2, () => this.#outgoing.get(id)?.freeze()),
      grant: async (id: string, epoch: number) => await this.takes("grant", 0.2, () => this.#grant(id, epoch)),
      cancelOutgoing: async (id: string) => await this.#closeOutgoing(id, "cancel"),
      commitOutgoing: async (id: string) => await this.#closeOutgoing(id, "commit"),
      whyLost: async (devices: DeviceAddress[]) =>
        await this.takes("whyLost", 1, () =>
          devices.every((device) => this.#exists(device)) ? undefined : "its devices have died",
        ),
      reclaimFrozen: async (devices: DeviceAddress[]) => {
        for (const device of devices) await this.takes("reclaimFrozen", 2, () => this.#attach(device));
      },
      discardFrozen: async (devices: DeviceAddress[]) => await this.#discard(devices, "commit"),
      openIncoming: async (order: Parameters<PlaneProxy["openIncoming"]>[0]) => await this.#openIncoming(order),
      confirmLoaded: async (id: string, epoch: number) =>
        await this.takes("confirmLoaded", 0.2, () => this.#incoming.get(id)?.confirmLoaded(epoch)),
      keeps: async (id: string) => await this.takes("keeps", 3, () => this.#incoming.get(id)?.isWhole === true),
      start: async (id: string) => await this.#start(id),
      startKept: async (id: string) => await this.#startKept(id),
      dropIncoming: async (id: string) => {
        const incoming = this.#incoming.get(id);
        this.#incoming.delete(id);
        await incoming?.drop();
      },
      dropLeftovers: async (devices: DeviceAddress[]) => await this.#discard(devices, "leftover"),
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return calls as unknown as PlaneProxy;
  }

  async #openOutgoing(order: Parameters<PlaneProxy["openOutgoing"]>[0]) {
    await this.#closeOutgoing(order.migrationId, "cancel");
    const peers: { name: string; backend: typeof backend; sizeBytes: number }[] = [];
    for (const address of order.devices) {
      await this.takes("attach", 2, () => this.#attach(address));
      if (this.fails("open")) throw Object.assign(new Error("it cannot be opened"), { code: "device-failed" });
      peers.push({ name: address.device, backend, sizeBytes: this.world.guest.sizeBytes });
    }
    this.#outgoing.set(order.migrationId, new Outgoing(this, order));
    return peers;
  }

  async #openIncoming(order: Parameters<PlaneProxy["openIncoming"]>[0]): Promise<void> {
    for (const { device } of order.devices) {
      await this.takes("destination", 3, () => undefined);
      if (this.fails("open") || this.world.witness.stateOf(this.host.name, device) !== undefined)
        throw Object.assign(new Error("there is one already"), { code: "device-failed" });
      this.world.witness.receive(this.host.name, device);
    }
    this.#incoming.set(order.migrationId, new Incoming(this, order));
  }

  #exists({ device }: DeviceAddress): boolean {
    const state = this.world.witness.stateOf(this.host.name, device);
    return state !== undefined && state !== "dead" && state !== "receiving";
  }

  #check() {
    return this.world.guest.isDeclined ? { ok: false, code: "no-room", reason: "there is no room" } : { ok: true };
  }

  #attach({ device }: DeviceAddress) {
    const { witness, guest } = this.world;
    const state = witness.stateOf(this.host.name, device);
    if (state === undefined || state === "dead" || state === "receiving")
      throw Object.assign(new Error(`${device} is gone with its process`), { code: "gone" });
    witness.start(this.host.name, device);
    return { name: device, kind: backend.kind, sizeBytes: guest.sizeBytes };
  }

  #grant(id: string, epoch: number): object {
    const outgoing = this.#outgoing.get(id);
    if (outgoing === undefined) throw new Error(`No channels are open for migration ${id}`);
    return outgoing.grant(epoch);
  }

  async #closeOutgoing(id: string, how: "cancel" | "commit"): Promise<void> {
    const outgoing = this.#outgoing.get(id);
    this.#outgoing.delete(id);
    await outgoing?.[how]();
  }

  async #start(id: string): Promise<object> {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) throw new Error(`Nothing has been received for migration ${id}`);
    const started = await incoming.start();
    this.#incoming.delete(id);
    const { sizeBytes } = this.world.guest;
    const statuses = incoming.order.devices.map(({ device }) => ({ name: device, kind: backend.kind, sizeBytes }));
    return { ...started, statuses };
  }

  /** What starts is left as it is where not all of it does. */
  async #startKept(id: string): Promise<object> {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) throw new Error(`Nothing has been received for migration ${id}`);
    const statuses = [];
    for (const device of incoming.order.devices) {
      if (this.fails("start"))
        throw Object.assign(new Error(`${device.device} does not start`), { code: "device-failed" });
      statuses.push(await this.takes("start", 5, () => this.#attach(device)));
    }
    this.#incoming.delete(id);
    incoming.finish();
    return { statuses };
  }

  async #discard(devices: DeviceAddress[], why: "commit" | "leftover"): Promise<void> {
    for (const { device } of devices)
      await this.takes("discard", 2, () => this.world.witness.discard(this.host.name, device, why));
  }
}
