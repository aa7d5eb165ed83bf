import { join } from "node:path";
import {
  type Backend,
  type Check,
  checkOf,
  compareBackends,
  type Destination,
  type Device,
  type DeviceContext,
  type FileDestination,
  type FileSource,
  type Needs,
  type Objection,
  type PeerDevice,
  type Source,
} from "@godwit/backend";
import {
  AbilityProbe,
  endMigration,
  forgetFile,
  guestNeeds,
  IncomingMigration,
  memoryBytesOf,
  type Qemu,
  restore,
  runStateOf,
  sampleDirtied,
} from "@godwit/qemu";
import { deviceError, nameOf } from "../device-error.ts";
import { goneSource } from "../gone-source.ts";
import { adopt, expectServed } from "./adopt.ts";
import { besideOf, parseAdoption, parseConfig, type QemuConfig, streamsLimit } from "./config.ts";
import { QemuDestination } from "./destination.ts";
import { machineOf, needsBy } from "./fitness.ts";
import { goneFrom, QemuGuests, type QemuOptions } from "./guests.ts";
import { objectionsTo } from "./preflight.ts";
import { QemuFileDestination, QemuFileSource } from "./guest-file.ts";
import { QemuSource, type SourceParts } from "./source.ts";

const restoreLimitMs = 120_000;

/**
 * A guest of QEMU's: its memory, and the state of what QEMU emulates. The process outlives the agent. Shares that it mounts are devices of
 * their own (`virtiofs`), whose state goes in this stream. Each migration is made to a new process on the other side, which stands still
 * until it is granted the guest; the old one ends once the guest runs there.
 */
export function qemuBackend(options: QemuOptions): Backend<QemuConfig> {
  return new QemuBackend(options);
}

class QemuBackend implements Backend<QemuConfig> {
  readonly kind = "qemu";
  readonly version: string;
  readonly format = { writes: 1, reads: [1] };
  readonly features: string[] = [];
  readonly can = { precopy: true, throttle: true, toFile: true, parallelStreams: streamsLimit };
  readonly #guests: QemuGuests;
  readonly #probe: AbilityProbe;
  /** A running guest needs the same as long as it runs. */
  readonly #needs = new WeakMap<Qemu, Needs>();

  constructor(options: QemuOptions) {
    this.#probe = new AbilityProbe(options.program);
    this.version = options.version;
    this.#guests = new QemuGuests(options);
  }

  parseConfig(input: unknown): QemuConfig {
    return parseConfig(input);
  }

  async adopt(ctx: DeviceContext<unknown>): Promise<object> {
    return await adopt({ ...ctx, config: parseAdoption(ctx.config) });
  }

  async letGo(ctx: DeviceContext<QemuConfig>): Promise<boolean> {
    return await this.#guests.letGo(ctx);
  }

  async create(ctx: DeviceContext<QemuConfig>): Promise<Device> {
    const found = await this.#guests.find(ctx);
    if (found?.adopted === true) await expectServed(ctx);
    if (found !== undefined) return await this.#serve(ctx, found);
    const file = ctx.config.restore;
    const qemu = await this.#guests.start(ctx, file === undefined ? "running" : "incoming");
    try {
      if (file !== undefined) await restore(qemu.qmp, file, restoreLimitMs);
      return await this.#serve(ctx, qemu);
    } catch (error) {
      await this.#guests.end(ctx);
      throw error;
    }
  }

  async attach(ctx: DeviceContext<QemuConfig>): Promise<Device> {
    return await this.#serve(ctx, await this.#guests.require(ctx));
  }

  async exists(ctx: DeviceContext<QemuConfig>): Promise<boolean> {
    return (await this.#guests.find(ctx)) !== undefined;
  }

  async remove(ctx: DeviceContext<QemuConfig>): Promise<void> {
    await this.#guests.end(ctx);
  }

  async check({ config }: DeviceContext<QemuConfig>, peer: PeerDevice): Promise<Check> {
    const compared = compareBackends(this, peer.backend);
    if (!compared.ok) return compared;
    const { version } = this;
    const found = await objectionsTo(config, peer.needs, { probe: this.#probe, version });
    return checkOf([...fewerStreams(config, peer), ...found]);
  }

  async source(ctx: DeviceContext<QemuConfig>): Promise<Source> {
    const qemu = await this.#guests.find(ctx);
    if (qemu === undefined) return { ...goneSource(goneFrom(ctx)), streams: 1 + besideOf(ctx.config) };
    return new QemuSource(this.#partsOf(ctx, qemu));
  }

  async fileSource(ctx: DeviceContext<QemuConfig>): Promise<FileSource> {
    return new QemuFileSource(this.#partsOf(ctx, await this.#guests.require(ctx)));
  }

  async fileDestination(ctx: DeviceContext<QemuConfig>, peer?: PeerDevice): Promise<FileDestination> {
    return new QemuFileDestination(await this.#receiver(ctx, peer), () => this.#guests.end(ctx));
  }

  async destination(ctx: DeviceContext<QemuConfig>, peer?: PeerDevice): Promise<Destination> {
    const qemu = await this.#receiver(ctx, peer);
    const beside = besideOf(ctx.config);
    const end = () => this.#guests.end(ctx);
    try {
      const migration = await IncomingMigration.begin(qemu, join(ctx.dataFolder, "incoming.sock"), beside);
      const lostShare = async () => await this.#guests.lostShare(ctx);
      return new QemuDestination({ qemu, migration, beside, lostShare, end });
    } catch (error) {
      await end();
      throw error;
    }
  }

  #partsOf(ctx: DeviceContext<QemuConfig>, qemu: Qemu): SourceParts {
    const { migrating } = this.#guests;
    return {
      qemu,
      beside: besideOf(ctx.config),
      folder: ctx.dataFolder,
      hold: (held) => void (held ? migrating.add(qemu) : migrating.delete(qemu)),
      isServed: async () => (await this.#guests.lostShare(ctx)) === undefined,
      end: () => this.#guests.end(ctx),
    };
  }

  /** A QEMU that waits for the guest. */
  async #receiver(ctx: DeviceContext<QemuConfig>, peer: PeerDevice | undefined): Promise<Qemu> {
    await this.#requireNone(ctx);
    // As it is where it runs: an alias such as "q35" would mean the newest type of whatever QEMU is here.
    const config = { ...ctx.config, machine: machineOf(ctx.config, peer?.needs) };
    return await this.#guests.start({ ...ctx, config }, "incoming");
  }

  /** What an earlier attempt has left half-loaded makes room; a guest that runs, or waits to, does not. */
  async #requireNone(ctx: DeviceContext<QemuConfig>): Promise<void> {
    const left = await this.#guests.find(ctx);
    if (left === undefined) return;
    const state = await runStateOf(left.qmp);
    if (state !== "inmigrate")
      throw deviceError("device-exists", `${nameOf(ctx)} is ${state} on ${ctx.host} and cannot come there`);
    await this.#guests.end(ctx);
  }

  /** This host owns the guest: it runs from here on, unless a migration of this agent has stopped it. */
  async #serve(ctx: DeviceContext<QemuConfig>, qemu: Qemu): Promise<Device> {
    if (!this.#guests.migrating.has(qemu)) {
      if ((await runStateOf(qemu.qmp)) === "inmigrate")
        throw deviceError("incomplete", `${nameOf(ctx)} has not been loaded on ${ctx.host}, or not wholly`);
      const lost = await this.#guests.lostShare(ctx);
      if (lost !== undefined)
        throw deviceError("gone", `nobody serves ${lost} any more, and ${nameOf(ctx)} cannot go on`);
      await endMigration(qemu);
      // An agent that ended in the middle of a save has left it set.
      await forgetFile(qemu.qmp);
    }
    const isMoving = () => this.#guests.migrating.has(qemu);
    return {
      lost: qemu.lost,
      sizeBytes: async () => await memoryBytesOf(qemu.qmp),
      // What a migration sees is its own; and what it does to the guest is none of its history.
      dirtiedWithin: async (ms, signal) => {
        const seen = isMoving() ? undefined : await sampleDirtied(qemu.qmp, ms, signal);
        return isMoving() ? undefined : seen;
      },
      needs: async () => await this.#needsOf(ctx.config, qemu),
    };
  }

  async #needsOf(config: QemuConfig, qemu: Qemu): Promise<Needs> {
    const known = this.#needs.get(qemu);
    if (known !== undefined) return known;
    // A host is to be left also where its QEMU cannot be started any more.
    const own = await this.#probe.of(config.accelerator).catch(() => undefined);
    const needs = needsBy(await guestNeeds(qemu.qmp, own), config);
    if (own !== undefined) this.#needs.set(qemu, needs);
    return needs;
  }
}

/** Both sides are to make the same of the guest's configuration. */
function fewerStreams({ streams }: QemuConfig, { backend }: PeerDevice): Objection[] {
  const { parallelStreams = 1 } = backend.can;
  if (streams <= parallelStreams) return [];
  return [
    {
      code: "missing-feature",
      pointer: "/streams",
      reason: `the guest's memory is to go over ${streams} streams, and the source can send ${parallelStreams}`,
      fix: "Bring the source's agent up to date.",
    },
  ];
}
