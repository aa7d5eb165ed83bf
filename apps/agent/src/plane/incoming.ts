import { performance } from "node:perf_hooks";
import type { Destination } from "@godwit/backend";
import { dial, type DialOptions, type IncomingChannel, type Item } from "@godwit/channel";
import type { DeviceTimings, IncomingOrder, PlaneNews, Started } from "./calls.ts";
import { failureOf, unlessEnded } from "./failure.ts";
import { startAll } from "./start-all.ts";

interface IncomingDevice {
  name: string;
  destination: Destination;
  /** The first one, on which the device's course is told. */
  channel: IncomingChannel;
  /** One for each of its further streams. */
  beside: IncomingChannel[];
  digest: string | undefined;
  timings: DeviceTimings;
}

/** The destination's half of a migration in the data plane: pulls every device's stream and loads it. */
export class Incoming {
  readonly #order: IncomingOrder;
  readonly #news: PlaneNews;
  readonly #devices: IncomingDevice[];
  #reading: Promise<unknown>;
  #received = false;
  #over = false;
  #grantedAtMs: number | undefined;

  constructor(order: IncomingOrder, destinations: { name: string; destination: Destination }[], news: PlaneNews) {
    this.#order = order;
    this.#news = news;
    this.#devices = destinations.map(({ name, destination }) => {
      const { from, migrationId: migration, ticket } = order;
      const [channel, ...beside] = dialAll({ ...from, migration, device: name, ticket }, destination.streams ?? 1);
      return { name, destination, channel, beside, digest: undefined, timings: { name } };
    });
    this.#reading = Promise.all(this.#devices.map((device) => this.#read(device)));
  }

  confirmLoaded(epoch: number): void {
    for (const { channel, digest } of this.#devices) unlessEnded(() => channel.loaded(epoch, digest ?? ""));
  }

  /** Whether every device still has what it had verified. */
  async keeps(): Promise<boolean> {
    const found = await Promise.allSettled(this.#devices.map(({ destination }) => destination.verify()));
    return found.every(
      (outcome, index) => outcome.status === "fulfilled" && outcome.value.digest === this.#devices[index]?.digest,
    );
  }

  /** Starts every device. @throws {StartFailed} which names those that had started all the same. */
  async start(): Promise<Omit<Started, "statuses">> {
    const from = this.#grantedAtMs ?? performance.now();
    await startAll(this.#devices);
    return { startedMs: performance.now() - from, devices: this.#devices.map((device) => device.timings) };
  }

  /** The guest runs here now: the channels have done their work. */
  async finish(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#channels.map((channel) => channel.close()));
    await this.#reading;
  }

  async drop(): Promise<void> {
    await this.finish();
    await this.#dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.all(this.#devices.map(({ destination }) => destination[Symbol.asyncDispose]()));
  }

  async #read(device: IncomingDevice): Promise<void> {
    try {
      await this.#load(device);
      if (this.#devices.every(({ digest }) => digest !== undefined) && !this.#received) {
        this.#received = true;
        this.#news.received(this.#order.migrationId);
      }
      await this.#awaitGrant(device);
    } catch (error) {
      this.#fail(device, error);
    }
  }

  /** Round after round until the stream's end; what follows the switchover notice is the final part. */
  async #load(device: IncomingDevice): Promise<void> {
    const stream = new Stream(device.channel);
    const take = async (phase: "precopy" | "final"): Promise<void> => {
      try {
        await device.destination.load(stream.part(), phase);
      } catch (error) {
        // What ended the stream is the cause; what the back end makes of a stream that ends is not.
        throw stream.failure ?? error;
      }
    };
    const beside = this.#loadBeside(device);
    // Whichever of the streams fails first says why.
    const orFailure = async (taken: Promise<void>) => await Promise.race([taken, beside.then(() => taken)]);
    while (stream.phase === "precopy") await orFailure(take("precopy"));
    const from = performance.now();
    await orFailure(take("final"));
    await beside;
    const { digest } = await device.destination.verify();
    if (digest !== stream.digest) {
      throw Object.assign(new Error("what was loaded is not the state that was sent"), { code: "digest-mismatch" });
    }
    device.timings.loadMs = performance.now() - from;
    device.timings.digest = digest;
    device.digest = digest;
  }

  /** The further streams, each at its own speed, up to the end of all. */
  async #loadBeside({ destination, beside }: IncomingDevice): Promise<void> {
    await Promise.all(
      beside.map(async (channel, index) => {
        const stream = new Stream(channel);
        const load = async (phase: "precopy" | "final") => {
          await destination.loadBeside?.(index + 1, stream.part(), phase);
        };
        try {
          await load("precopy");
          await load("final");
        } catch (error) {
          throw stream.failure ?? error;
        }
        stream.finish();
      }),
    );
  }

  async #awaitGrant(device: IncomingDevice): Promise<void> {
    for await (const item of device.channel) {
      if (item.type !== "grant") continue;
      this.#grantedAtMs ??= performance.now();
      this.#news.granted(this.#order.migrationId, item.epoch);
    }
  }

  get #channels(): IncomingChannel[] {
    return this.#devices.flatMap(({ channel, beside }) => [channel, ...beside]);
  }

  #fail(device: IncomingDevice, error: unknown): void {
    // Once everything is loaded the channels carry nothing but the grant, and the orchestrator can carry that as well.
    if (this.#over || this.#received) return;
    this.#over = true;
    const failure = failureOf(error, device.name);
    for (const channel of this.#channels) channel.fail(failure.code, failure.detail);
    this.#news.failed(this.#order.migrationId, "destination", failure);
  }
}

/** A channel for each of a device's streams. */
function dialAll(options: Omit<DialOptions, "stream">, count: number): [IncomingChannel, ...IncomingChannel[]] {
  const beside = Array.from({ length: count - 1 }, (_, index) => dial({ ...options, stream: index + 1 }));
  return [dial({ ...options, stream: 0 }), ...beside];
}

/** Cuts a channel's items into what one `load` takes. */
class Stream {
  readonly #items: AsyncIterator<Item>;
  phase: "precopy" | "final" = "precopy";
  digest: string | undefined;
  /** What ended the stream before its end. */
  failure: unknown;

  constructor(channel: IncomingChannel) {
    this.#items = channel[Symbol.asyncIterator]();
  }

  /** All has been taken: asking for more says so. */
  finish(): void {
    void this.#items.next().catch(() => undefined);
  }

  /** The chunks up to the end of the round, the switchover notice, or the end of the stream. */
  async *part(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value: item, done } = await this.#items.next().catch((error: unknown) => {
        this.failure = error;
        throw error;
      });
      if (done === true) throw Object.assign(new Error("the stream ended before its end"), { code: "peer-closed" });
      switch (item.type) {
        case "chunk":
          yield item.bytes;
          break;
        case "round-end":
          return;
        case "switchover":
          this.phase = "final";
          return;
        case "end":
          this.digest = item.digest;
          return;
        case "grant":
          throw Object.assign(new Error("a grant came before the end of the stream"), { code: "unexpected-frame" });
      }
    }
  }
}
