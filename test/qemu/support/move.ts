import { join } from "node:path";
import { type Beat, Carry, goOn, IncomingMigration, isRunning, OutgoingMigration } from "@godwit/qemu";
import { expect } from "vitest";
import { until } from "../../e2e/support/until.ts";
import type { Side } from "./guests.ts";

const mib = 1024 * 1024;
const limits = { deadlineMs: 60_000 };

/** A migration from one QEMU to another through this process, as the data plane makes it. */
export class Move implements AsyncDisposable {
  readonly out: OutgoingMigration;
  readonly #source: Side;
  readonly #destination: Side;
  readonly #into: IncomingMigration;
  readonly #carry: Carry;
  #carrying: Promise<void>;
  #carries = true;

  private constructor(source: Side, destination: Side, out: OutgoingMigration, into: IncomingMigration) {
    this.#source = source;
    this.#destination = destination;
    this.out = out;
    this.#into = into;
    this.#carry = new Carry(out.streams);
    this.#carrying = this.#turn(() => !this.#carries);
  }

  /** @param beside how many streams there are to be besides the one */
  static async begin(source: Side, destination: Side, beside = 0): Promise<Move> {
    const into = await IncomingMigration.begin(destination.qemu, join(destination.spec.folder, "stream.sock"), beside);
    const out = await OutgoingMigration.begin(source.qemu, join(source.spec.folder, "stream.sock"), beside);
    return new Move(source, destination, out, into);
  }

  async toBrink(): Promise<void> {
    await until("the brink", async () => {
      const { status, remainingRamBytes } = await this.out.look();
      return status === "active" && this.out.passes > 1 && remainingRamBytes < 32 * mib;
    });
  }

  async stop(): Promise<void> {
    this.#carries = false;
    await this.#carrying;
    await this.out.stop();
    expect(await isRunning(this.#source.qemu.qmp)).toBe(false);
  }

  async sendRest(): Promise<void> {
    await Promise.all([this.out.finish(), this.#turn(() => false)]);
    await this.#carry.settled();
    for (const stream of this.out.streams.keys()) if (stream > 0) await this.#into.endStream(stream);
    await Promise.all([this.out.completed(limits.deadlineMs), this.#into.completed(limits.deadlineMs)]);
    expect(await isRunning(this.#destination.qemu.qmp)).toBe(false);
  }

  /** From the stop of the source to the destination's going on, after which the source is no more. */
  async switchOver(): Promise<{ stoppedMs: number; stopMs: number }> {
    const [there, here] = [this.#source.qemu.qmp, this.#destination.qemu.qmp];
    const stopped = there.event("the guest's stop", ({ name }) => name === "STOP", limits);
    const from = performance.now();
    await this.stop();
    const stopMs = performance.now() - from;
    await this.sendRest();
    const resumed = here.event("the guest's going on", ({ name }) => name === "RESUME", limits);
    await goOn(here);
    return { stoppedMs: (await resumed).atMs - (await stopped).atMs, stopMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#carries = false;
    this.out.close();
    this.#into.close();
    await this.#carrying;
  }

  async #turn(isOver: () => boolean): Promise<void> {
    const writes = this.out.streams.map((_, stream) => async (chunk: Uint8Array) => {
      await this.#into.write(chunk, stream);
    });
    await this.#carry.turn({ writes, isOver, onChunk: () => {} });
  }
}

/** Each heartbeat is the one after that before it, on whichever side it was seen. */
export function expectGapless(beats: Beat[]): void {
  const seen = beats.map(({ n }) => n);
  const first = seen[0] ?? 0;
  expect(seen).toEqual(seen.map((_, index) => first + index));
}
