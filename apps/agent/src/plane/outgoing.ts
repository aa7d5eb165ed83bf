import { performance } from "node:perf_hooks";
import type { Pending, Source } from "@godwit/backend";
import { type ChannelListener, type OutgoingChannel, RateLimit } from "@godwit/channel";
import type { DeviceTimings, OutgoingOrder, Pace, PlaneNews, Released, ReportFigures } from "./calls.ts";
import { codeOf, detailOf, failureOf, unlessEnded } from "./failure.ts";
import { SourceSink } from "./sink.ts";
import { ThrottleLease } from "./throttle-lease.ts";

/** A pass over a device may send this much more than was pending at its start, since the guest goes on writing. */
const roundSlack = 1.25;
const roundMinBytes = 1024 * 1024;
/** Half of the shortest round trip is part of the measured downtime: a short migration needs more than one sample of it. */
const pingEveryMs = 200;
/** Of each of a device's further streams: eight of them are not to hold eight times as much as one. */
const besideWindowBytes = 4 * 1024 * 1024;

interface OutgoingDevice {
  name: string;
  source: Source;
  /** The first one, on which the device's course is told. */
  channel: OutgoingChannel;
  /** One for each of its streams, the first among them. */
  channels: readonly [OutgoingChannel, ...OutgoingChannel[]];
  rounds: number;
  timings: DeviceTimings;
}

/** The source's half of a migration in the data plane: rounds over every device, then the stop and the rest. */
export class Outgoing {
  readonly #order: OutgoingOrder;
  readonly #news: PlaneNews;
  readonly #devices: OutgoingDevice[];
  readonly #limit: RateLimit;
  readonly #abort = new AbortController();
  #rounds: Promise<void> | undefined;
  #reports: NodeJS.Timeout | undefined;
  #freezing = false;
  /** No round is begun, and the one under way ends at its next chunk. */
  #held = false;
  readonly #lease = new ThrottleLease((share) => this.#throttleAll(share));
  #over = false;
  #stoppedAtMs = 0;
  #stoppedBytes = 0;
  #released: Released | undefined;

  private constructor(order: OutgoingOrder, news: PlaneNews, devices: OutgoingDevice[], limit: RateLimit) {
    this.#order = order;
    this.#news = news;
    this.#devices = devices;
    this.#limit = limit;
    for (const device of devices)
      for (const { closed } of device.channels) void closed.then((error) => this.#channelClosed(device, error));
  }

  static async open(
    order: OutgoingOrder,
    sources: { name: string; source: Source }[],
    listener: ChannelListener,
    news: PlaneNews,
  ): Promise<Outgoing> {
    const limit = new RateLimit(order.capBytesPerSec);
    const devices: OutgoingDevice[] = sources.map(({ name, source }) => {
      const key = { migration: order.migrationId, device: name, ticket: order.ticket };
      const channel = listener.open({ ...key, stream: 0, limit, keepaliveMs: pingEveryMs });
      const beside = Array.from({ length: (source.streams ?? 1) - 1 }, (_, index) =>
        listener.open({ ...key, stream: index + 1, limit, windowBytes: besideWindowBytes }),
      );
      return { name, source, channel, channels: [channel, ...beside], rounds: 0, timings: { name } };
    });
    return new Outgoing(order, news, devices, limit);
  }

  get guestId(): string {
    return this.#order.guestId;
  }

  /** Begins the rounds and the reports; once only. */
  precopy(): void {
    if (this.#rounds !== undefined || this.#over) return;
    this.#capAll();
    this.#rounds = Promise.all(this.#devices.map((device) => this.#roundsOver(device))).then(
      () => undefined,
      (error: unknown) => this.#fail(error),
    );
    this.#report();
  }

  exact(sequence: number): void {
    this.#lease.renew();
    void this.#exactFigures().then(
      (figures) => this.#over || this.#news.report(this.#order.migrationId, { ...figures, exact: sequence }),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Figures go on being told and asked for while nothing is sent. */
  pace({ capBytesPerSec, hold }: Pace): void {
    if (this.#freezing || this.#over) return;
    this.#lease.renew();
    this.#held = hold;
    this.#limit.bytesPerSec = capBytesPerSec;
    this.#capAll();
  }

  /** What cannot be slowed down is passed over; what else ails a device shows in its rounds. */
  throttle(share: number): void {
    if (this.#freezing || this.#over) return;
    this.#lease.set(share);
  }

  /** Wins over any pace: from now on this cap holds, and a hold is no reason to wait. */
  freeze(capBytesPerSec?: number): void {
    if (this.#freezing || this.#over) return;
    this.#freezing = true;
    this.#lease.end();
    this.#limit.bytesPerSec = capBytesPerSec;
    void this.#switchOver().catch((error: unknown) => this.#fail(error));
  }

  /** H10: may be repeated, and then says again what the first one cost. Where a channel has ended the orchestrator carries the grant. */
  grant(epoch: number): Released {
    for (const { channel } of this.#devices) unlessEnded(() => channel.grant(epoch));
    this.#released ??= this.#cost();
    return this.#released;
  }

  /** As if the migration had never been tried: a stopped device runs again. */
  async cancel(): Promise<void> {
    await this.#end("the migration was called off");
    await Promise.all(this.#devices.map(({ source }) => source[Symbol.asyncDispose]()));
  }

  async commit(): Promise<void> {
    await this.#end("the migration is complete");
    await Promise.all(this.#devices.map(({ source }) => source.commit()));
    await Promise.all(this.#devices.map(({ source }) => source[Symbol.asyncDispose]()));
  }

  async #end(why: string): Promise<void> {
    this.#over = true;
    clearTimeout(this.#reports);
    this.#lease.end();
    this.#abort.abort(new Error(why));
    // Closing first: a round that waits for its channel then ends.
    await Promise.all(this.#channels.map((channel) => channel.close()));
    await this.#rounds;
  }

  async #roundsOver(device: OutgoingDevice): Promise<void> {
    while (!this.#freezing && !this.#over) {
      const pending = await device.source.pending("estimate");
      const bytes = pending.initialBytes + pending.precopyBytes;
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- a freeze can come while the figures are awaited
      if (this.#freezing || this.#over) return;
      if (bytes === 0 || this.#held) await this.#rest();
      else await this.#round(device, Math.max(roundMinBytes, bytes * roundSlack));
    }
  }

  async #round(device: OutgoingDevice, budgetBytes: number): Promise<void> {
    // A freeze, or a hold, takes what is left of the budget, so that the round ends at its next chunk.
    const isCut = () => this.#freezing || this.#held;
    const sink = new SourceSink(device.channels, this.#abort.signal, () => (isCut() ? 0 : budgetBytes));
    try {
      await device.source.precopy(sink);
    } catch (error) {
      if (this.#over) return;
      throw error;
    }
    if (sink.sentBytes === 0) return await this.#rest();
    device.rounds += 1;
    device.channel.endRound(device.rounds);
  }

  async #rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#order.reportEveryMs / 4));
  }

  async #switchOver(): Promise<void> {
    await this.#rounds;
    if (this.#over) return;
    await Promise.all(this.#devices.map(async (device) => await device.source.brace?.(this.#wholeOf(device))));
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- it can be called off meanwhile
    if (this.#over) return;
    const from = performance.now();
    const before = this.#sentBytes();
    for (const channel of this.#channels) channel.noticeSwitchover();
    const served = await Promise.all(this.#devices.map((device) => this.#stop(device)));
    this.#stoppedAtMs = Math.min(performance.now(), from + Math.min(...served));
    this.#news.stopped(this.#order.migrationId);
    await Promise.all(this.#devices.map((device) => this.#sendRest(device)));
    this.#stoppedBytes = this.#sentBytes() - before;
    if (!this.#over) this.#news.confirmed(this.#order.migrationId);
  }

  #cost(): Released {
    const rtts = this.#devices.map(({ channel }) => channel.stats().rttMs?.min ?? 0);
    return {
      stoppedMs: performance.now() - this.#stoppedAtMs,
      rttMs: Math.max(...rtts),
      stoppedBytes: this.#stoppedBytes,
      devices: this.#devices.map(({ timings, channels }) => ({ ...timings, sentBytes: payloadOf(channels) })),
    };
  }

  /** For how many ms the device has gone on serving. */
  async #stop(device: OutgoingDevice): Promise<number> {
    const from = performance.now();
    const stopped = await device.source.stop();
    const servedMs = stopped?.servedMs ?? 0;
    device.timings.stopMs = Math.max(0, performance.now() - from - servedMs);
    return servedMs;
  }

  async #sendRest(device: OutgoingDevice): Promise<void> {
    const from = performance.now();
    const { digest } = await device.source.final(this.#wholeOf(device));
    for (const channel of device.channels) channel.end({ digest });
    const loaded = await device.channel.loaded;
    device.timings.transferMs = performance.now() - from;
    if (loaded.digest !== digest) throw new DigestMismatch(device.name);
  }

  /** For as much as there is. */
  #wholeOf({ channels }: OutgoingDevice): SourceSink {
    return new SourceSink(channels, this.#abort.signal, () => Infinity);
  }

  #report(): void {
    this.#reports = setTimeout(() => {
      // A device that sends its last has no time for figures, and they would be of no use.
      if (this.#freezing) return;
      void this.#figures("estimate").then(
        ({ figures }) => {
          if (this.#over || this.#freezing) return;
          this.#news.report(this.#order.migrationId, figures);
          this.#report();
        },
        (error: unknown) => this.#fail(error),
      );
    }, this.#order.reportEveryMs);
  }

  async #exactFigures(): Promise<ReportFigures> {
    const from = performance.now();
    const { figures, waitedMs } = await this.#figures("exact");
    return { ...figures, exactMs: Math.max(0, figures.atMs - from - waitedMs) };
  }

  async #figures(accuracy: "estimate" | "exact"): Promise<{ figures: ReportFigures; waitedMs: number }> {
    let waitedMs = 0;
    const devices = await Promise.all(
      this.#devices.map(async ({ name, source, channels, rounds }) => {
        const { waitedMs: waited = 0, ...pending } = await source.pending(accuracy);
        waitedMs = Math.max(waitedMs, waited);
        const stats = channels.map((channel) => channel.stats());
        const queuedBytes = stats.reduce((sum, each) => sum + each.queuedBytes, 0);
        const sentBytes = stats.reduce((sum, each) => sum + each.ackedBytes, 0);
        return { name, pending: whole(pending, queuedBytes), rounds, sentBytes };
      }),
    );
    const stats = this.#channels.map((channel) => channel.stats());
    const figures = {
      atMs: performance.now(),
      wireBytes: stats.reduce((sum, each) => sum + each.ackedBytes, 0),
      // Channels share the link: the busiest one's time is the link's.
      busyMs: Math.max(...stats.map((each) => each.busyMs)),
      // The least seen: a busy thread answers late, which is no part of the way.
      rttMs: stats.map((each) => each.rttMs?.min).find((rtt) => rtt !== undefined),
      devices,
    };
    return { figures, waitedMs };
  }

  #sentBytes(): number {
    return payloadOf(this.#channels);
  }

  get #channels(): OutgoingChannel[] {
    return this.#devices.flatMap(({ channels }) => channels);
  }

  #throttleAll(share: number): void {
    for (const { source } of this.#devices) void source.throttle?.(share).catch(() => undefined);
  }

  /** The bucket keeps the cap, whatever becomes of this. */
  #capAll(): void {
    const bytesPerSec = this.#held ? 0 : this.#limit.bytesPerSec;
    for (const { source } of this.#devices) void source.cap?.(bytesPerSec).catch(() => undefined);
  }

  #channelClosed(device: OutgoingDevice, error: unknown): void {
    if (error !== undefined) this.#fail(error, device.name);
  }

  #fail(error: unknown, device?: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#reports);
    // The orchestrator may be long in calling the migration off, and nothing is gained by a slow guest any more.
    this.#lease.set(0);
    this.#lease.end();
    this.#abort.abort(error);
    for (const channel of this.#channels) channel.fail(codeOf(error), detailOf(error));
    this.#news.failed(this.#order.migrationId, "source", failureOf(error, device));
  }
}

function payloadOf(channels: readonly OutgoingChannel[]): number {
  return channels.reduce((sum, channel) => sum + channel.stats().payloadBytes, 0);
}

class DigestMismatch extends Error {
  readonly code = "digest-mismatch";
  constructor(device: string) {
    super(`${device}: the destination holds another state than was sent`);
  }
}

/**
 * Bytes are integers on the wire; a back end may reckon in fractions. What it has handed over and the destination has not dealt with
 * is pending all the same: a stop would have to wait for it.
 */
function whole(pending: Pending, queuedBytes: number): Pending {
  return {
    ...pending,
    initialBytes: Math.ceil(pending.initialBytes),
    precopyBytes: Math.ceil(pending.precopyBytes) + queuedBytes,
    stopcopyBytes: Math.ceil(pending.stopcopyBytes),
  };
}
