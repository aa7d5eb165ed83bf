import { join } from "node:path";
import { setInterval as intervals, setTimeout as pause } from "node:timers/promises";
import type { Accuracy, BracingSink, Pending, Sink, Source, StateDigest, Stopped } from "@godwit/backend";
import { Carry, noticedMs, memoryBytesOf, OutgoingMigration, type Qemu, standStill, writtenSince } from "@godwit/qemu";
import { deviceError } from "../device-error.ts";
import { Loss } from "../loss.ts";
import { lostBehind } from "./lost-behind.ts";
import { digestsOf, type StreamDigest, valueOf } from "./stream-digest.ts";

/** A round in which QEMU has nothing to say for so long is over. */
const quietLimitMs = 100;
/** Before the stop the other side is to have dealt with all but so much, if it can within so long. */
const caughtUpBytes = 256 * 1024;
const catchUpLimitMs = 1_000;
/** Of what its last exact figures told a throttled guest may have so much left at its stop, if that can be had within so long. */
const toldShare = 1.1;
const bideLimitMs = 5_000;
const bideLookMs = 25;
/** Nothing is sent during a look, which takes as long as a long pause of the throttle's: there is none before no more than so much of that is left. */
const longLookShare = 0.25;
/** From the freeze on, a stream of which the other side takes nothing for so long has stalled. */
const stuckLimitMs = 10_000;
const stuckLookMs = 100;
/** After everything has been sent. */
const endLimitMs = 10_000;
/** What the guest's devices take at the stop, other than memory and what is served by processes of their own. */
const deviceBytes = 128 * 1024;
/** Of QEMU's own: to complete, and to go on at the other side. */
const fixedMs = 30;
/** The guest writes on between any two looks. */
const pageBytes = 4096;

export interface SourceParts {
  qemu: Qemu;
  /** How many streams there are besides the one. */
  beside: number;
  folder: string;
  /** Whether a migration has stopped the guest, or may. */
  hold: (held: boolean) => void;
  /** Whether all its shares are served still: without one it cannot go on. */
  isServed: () => Promise<boolean>;
  end: () => Promise<void>;
}

/** A guest's memory, and the state of what QEMU emulates, on the host that it leaves. QEMU sends; this carries it further. */
export class QemuSource implements Source {
  readonly #parts: SourceParts;
  readonly streams: number;
  readonly #digests: StreamDigest[];
  #migration: OutgoingMigration | undefined;
  #carry: Carry | undefined;
  #capBytesPerSec: number | undefined;
  #throttledShare = 0;
  /** In its last exact figures; none yet. */
  #toldBytes = Infinity;
  readonly #loss: Loss;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    this.streams = 1 + parts.beside;
    this.#digests = digestsOf(this.streams);
    this.#loss = new Loss(parts.qemu.lost);
  }

  async pending(accuracy: Accuracy): Promise<Pending> {
    const rest = { initialBytes: 0, stopcopyBytes: deviceBytes, fixedMs };
    const migration = this.#migration;
    if (migration === undefined)
      return { ...rest, precopyBytes: await this.#answered(memoryBytesOf(this.#parts.qemu.qmp)) };
    if (accuracy === "exact") {
      const exact = await this.#exact(migration);
      this.#toldBytes = exact.precopyBytes;
      return { ...rest, ...exact };
    }
    const { remainingRamBytes, remainingDeviceBytes = 0 } = await this.#answered(migration.look());
    return { ...rest, precopyBytes: remainingRamBytes + remainingDeviceBytes + migration.heldBytes + pageBytes };
  }

  /** As QEMU finds it now; where it does not look, being stuck in a write, with what the guest will have written since its last look. */
  async #exact(migration: OutgoingMigration): Promise<Pick<Pending, "precopyBytes" | "waitedMs">> {
    const waitedMs = await this.#answered(migration.lookAnew());
    const { answer } = migration.figures.latest ?? {};
    const { remainingRamBytes = 0, remainingDeviceBytes = 0, totalRamBytes = 0 } = answer ?? {};
    const unseenBytes = migration.isLooking ? 0 : writtenSince(migration.figures);
    const memoryBytes = Math.min(totalRamBytes, remainingRamBytes + unseenBytes);
    return { precopyBytes: memoryBytes + remainingDeviceBytes + migration.heldBytes + pageBytes, waitedMs };
  }

  async cap(bytesPerSec: number | undefined): Promise<void> {
    this.#capBytesPerSec = bytesPerSec;
    await this.#migration?.cap(bytesPerSec);
  }

  async throttle(share: number): Promise<void> {
    this.#throttledShare = share;
    if (this.#migration !== undefined) await this.#answered(this.#migration.throttle(share));
  }

  /** Carries one pass, or what there is of it. */
  async precopy(out: Sink): Promise<void> {
    const migration = this.#migration ?? (await this.#begin());
    const { passes } = migration;
    await this.#turn(out, "precopy", ({ quietMs, anyEnded }) => {
      return out.budget === 0 || migration.passes !== passes || quietMs > quietLimitMs || anyEnded;
    });
  }

  /**
   * Goes on sending, as fast as can be, until QEMU would stop at once and the other side has caught up, or there is nothing to be gained: of a
   * guest that writes as fast as it is sent the other side never catches up.
   */
  async brace(out: BracingSink): Promise<void> {
    const migration = this.#migration ?? (await this.#begin());
    if (migration.stopsByHand) return await this.#bide(migration, out);
    await this.#answered(migration.brace());
    const from = performance.now();
    const unsentBytes = () => out.queuedBytes + migration.heldBytes;
    const hasCaughtUp = () => performance.now() - from > noticedMs && unsentBytes() < caughtUpBytes;
    const isLate = () => performance.now() - from > catchUpLimitMs;
    const over = new AbortController();
    let inVain = false;
    void untilInVain(migration, unsentBytes, over.signal).then(() => (inVain = true), ignored);
    const isOver = () => hasCaughtUp() || isLate() || inVain;
    const turn = this.#turn(out, "precopy", ({ anyEnded }) => isOver() || anyEnded);
    await this.#unlessStuck(turn).finally(() => over.abort());
  }

  /**
   * A throttled guest writes in bursts, far more than is sent. It goes on being sent until a look finds no more left than was told, and a little; the
   * stop follows at once, where pauses are long before the next burst.
   */
  async #bide(migration: OutgoingMigration, out: BracingSink): Promise<void> {
    await this.#answered(migration.cap(undefined));
    const from = performance.now();
    const isLate = () => out.signal.aborted || performance.now() - from > bideLimitMs;
    const mostBytes = Math.max(toldShare * this.#toldBytes, this.#toldBytes + caughtUpBytes);
    const hasCome = async () => {
      const { remainingRamBytes } = await this.#answered(migration.look());
      const share = migration.hasPauses ? longLookShare : 1;
      if (!migration.isLooking && remainingRamBytes + migration.heldBytes > share * mostBytes) return false;
      const { precopyBytes } = await this.#exact(migration);
      return migration.isFresh && precopyBytes <= mostBytes;
    };
    // With the end of a long look the next burst has begun.
    do await this.#until(hasCome, isLate, out);
    while (!isLate() && migration.hasPauses && !migration.isLooking);
  }

  /** Carries on until it is time. */
  async #until(isTime: () => Promise<boolean>, isLate: () => boolean, out: Sink): Promise<void> {
    const over = new AbortController();
    const isOver = () => over.signal.aborted || isLate();
    const waiting = (async () => {
      while (!isOver() && !(await isTime())) await pause(bideLookMs);
    })();
    const turn = this.#turn(out, "precopy", ({ anyEnded }) => isOver() || anyEnded);
    const both = [waiting, turn].map(async (each) => await each.finally(() => over.abort()));
    await this.#unlessStuck(Promise.all(both));
  }

  async stop(): Promise<Stopped> {
    const migration = this.#migration ?? (await this.#begin());
    return { servedMs: await this.#answered(migration.stop()) };
  }

  /** Everything up to the end of QEMU's stream. QEMU keeps the guest, stopped. */
  async final(out: Sink): Promise<StateDigest> {
    const migration = this.#migration;
    if (migration === undefined) throw deviceError("bad-order", "the guest has not been stopped");
    const turn = this.#turn(out, "final", () => false).then((carry) => carry.settled());
    await this.#unlessStuck(Promise.all([this.#answered(migration.finish()), turn]));
    await this.#answered(migration.completed(endLimitMs));
    return { digest: valueOf(this.#digests) };
  }

  async resume(): Promise<void> {
    const migration = this.#migration;
    this.#migration = undefined;
    this.#carry = undefined;
    await migration?.undo();
    if (!(await this.#parts.isServed())) await standStill(this.#parts.qemu.qmp);
    this.#parts.hold(false);
  }

  async commit(): Promise<void> {
    this.#migration?.close();
    this.#migration = undefined;
    this.#parts.hold(false);
    await this.#parts.end();
  }

  /** Of a QEMU that has ended there is nothing to undo. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#migration === undefined) return;
    await this.resume().catch(async (error: unknown) => {
      if ((await lostBehind(this.#loss, error)) === undefined) throw error;
    });
    this.#parts.hold(false);
  }

  /** @throws why QEMU sends no more, where it should */
  async #turn(out: Sink, phase: "precopy" | "final", isOver: (carry: Carry) => boolean): Promise<Carry> {
    const carry = (this.#carry ??= new Carry(this.#migration?.streams ?? []));
    const sinks = [out, ...(out.beside ?? [])];
    await carry.turn({
      writes: sinks.map((sink) => async (chunk) => await sink.write(chunk)),
      allocates: sinks.map((sink) => (size) => sink.allocate(size)),
      isOver: () => isOver(carry),
      onChunk: (stream, chunk) => {
        if (phase === "precopy") this.#digests[stream]?.passed(chunk);
        else this.#digests[stream]?.last(chunk);
      },
    });
    if (phase === "precopy" && carry.anyEnded) throw await this.#failure();
    return carry;
  }

  /**
   * Q15: a QEMU that waits for its stream with its guest stopped hears nothing, not even that it is to give up. Whoever is told of this
   * undoes the migration, which cuts the stream; the guest then goes on.
   */
  async #unlessStuck(turn: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if ((this.#carry?.stuckMs ?? 0) > stuckLimitMs) reject(deviceError("stalled", stalled));
      }, stuckLookMs);
    });
    await Promise.race([turn, stuck]).finally(() => clearInterval(timer));
  }

  async #begin(): Promise<OutgoingMigration> {
    const { qemu, folder, beside, hold } = this.#parts;
    hold(true);
    const beginning = OutgoingMigration.begin(qemu, join(folder, "outgoing.sock"), beside);
    const migration = await this.#answered(beginning).catch((error: unknown) => {
      hold(false);
      throw error;
    });
    // QEMU sends from here on: whatever comes of the rest, whoever calls the migration off is to find it.
    this.#migration = migration;
    await this.#answered(migration.cap(this.#capBytesPerSec));
    if (this.#throttledShare > 0) await this.#answered(migration.throttle(this.#throttledShare));
    return migration;
  }

  /** What QEMU has not answered because it has ended is told by that. */
  async #answered<Answer>(asked: Promise<Answer>): Promise<Answer> {
    try {
      return await asked;
    } catch (error) {
      const lost = await lostBehind(this.#loss, error);
      throw lost === undefined ? error : deviceError("gone", lost);
    }
  }

  async #failure(): Promise<Error> {
    return await this.#answered(this.#migration?.failure() ?? Promise.reject(new Error("it has ended")));
  }
}

const stalled = `its stream has stalled: for ${stuckLimitMs / 1000} s the other side has taken nothing of it`;

/** Resolves when a look finds as much left to send as the one before. */
async function untilInVain(
  migration: OutgoingMigration,
  unsentBytes: () => number,
  signal: AbortSignal,
): Promise<void> {
  let leftBytes = Infinity;
  for await (const _ of intervals(noticedMs, undefined, { signal })) {
    const { remainingRamBytes } = await migration.look();
    const nowBytes = remainingRamBytes + unsentBytes();
    if (nowBytes >= leftBytes) return;
    leftBytes = nowBytes;
  }
}

const ignored = () => undefined;
