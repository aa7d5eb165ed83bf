import { armThrottle, leastPercent, setThrottle } from "./cpu-throttle.ts";
import { endMigration } from "./end-migration.ts";
import { queryMigration, send, sendRest, setStreams, setSwitchover } from "./migration.ts";
import type { MigrationAnswer } from "./migration-answer.ts";
import { type Figures, follow, noFigures, noPasses, type Passes, take } from "./migration-figures.ts";
import type { Qemu } from "./qemu.ts";
import { hasKvm } from "./run-state.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import type { QmpEvent } from "./qmp/qmp-events.ts";
import { shutWell, switchoverAck } from "./return-path.ts";
import type { StreamReader } from "./stream-reader.ts";
import { StreamServer } from "./stream-server.ts";

/** Below this a pass is over before anybody could have counted it: from here on passes are spread. */
const brinkBytes = 8 * 1024 * 1024;
/** About what a guest has written since the last pass goes over in one of QEMU's windows of a tenth of a second. */
const passesPerSec = 15;
/** QEMU writes some bytes even in a pass over nothing, so that this says how many of them there are in a second. */
const leastBytesPerSec = 10_000;
/** QEMU looks at its parameters anew within a tenth of a second (BUFFER_DELAY of migration/migration.c). */
export const noticedMs = 120;
/** What QEMU found so short a time ago is as good as new. */
const freshMs = 150;
/** A QEMU that stands in a write does not look, whatever it is told. */
export const lookLimitMs = 500;
/** So often it is asked whether it has begun to. */
const begunEveryMs = 20;
/** From here on a pause of the throttle's, between two runs of 10 ms, is 90 ms and more (CPU_THROTTLE_TIMESLICE_NS of system/cpu-throttle.c). */
const pausesFromPercent = 90;
/** While nothing is sent, so much of what QEMU writes on the way to a look is kept. */
const keptBytes = 64 * 1024 * 1024;
/** Of the time that looks take: so that the guest is not held up by them. */
const lookDuty = 8;
const connectLimitMs = 10_000;
const stopLimitMs = 30_000;

/**
 * A migration out of a running QEMU whose streams are read by this process. This process is also the far end of the return path: with the
 * capability `switchover-ack` QEMU goes on sending what its guest writes, pass after pass, and never stops it before it is told. What
 * the true destination has to say comes another way.
 */
export class OutgoingMigration {
  /** The first tells of the guest and of the others, where there are any; those carry nothing but memory. */
  readonly streams: readonly StreamReader[];
  readonly #qemu: Qemu;
  readonly #server: StreamServer;
  readonly #events: AsyncDisposable;
  /** For the guest's processors, as they do without KVM: of that the running QEMU knows best, whoever has started it. */
  readonly #looksWait: boolean;
  #figures: Figures = noFigures;
  #status = "setup";
  /** How often an event has told it. */
  #statusTold = 0;
  /** How often QEMU has looked which pages are dirty, the first time before the first pass. */
  #looks = 0;
  #passes: Passes = noPasses;
  /** When QEMU may be made to look again. */
  #lookAgainAtMs = 0;
  /** After what the guest has written in the last pass; 0 for none. */
  #spreadBytesPerSec = 0;
  /** What was asked for; 0 for none. */
  #capBytesPerSec = 0;
  #braced = false;
  #stoodStillAtMs = -Infinity;
  #held = false;
  #throttled = false;
  /** QEMU's answer to the stop of its guest by hand, once that was sent. */
  #stopping: Promise<void> | undefined;
  #closed = false;
  #news: (() => void)[] = [];

  private constructor(qemu: Qemu, server: StreamServer, looksWait: boolean) {
    this.#qemu = qemu;
    this.#server = server;
    this.#looksWait = looksWait;
    this.streams = server.streams;
    this.#events = this.#watch();
  }

  /**
   * @param path of a socket to listen on
   * @param beside how many streams there are to be besides the one
   */
  static async begin(qemu: Qemu, path: string, beside = 0): Promise<OutgoingMigration> {
    const server = await StreamServer.listen(path, 1 + beside);
    try {
      const looksWait = !(await hasKvm(qemu.qmp));
      await setStreams(qemu.qmp, beside);
      await setSwitchover(qemu.qmp, "held", 0);
      await armThrottle(qemu.qmp);
      await send(qemu.qmp, `unix:${path}`);
      await server.complete(connectLimitMs);
      return new OutgoingMigration(qemu, server, looksWait);
    } catch (error) {
      server.close();
      // It may have begun all the same. Why it failed says more than why it could not be ended.
      await endMigration(qemu).catch(() => undefined);
      throw error;
    }
  }

  get status(): string {
    return this.#status;
  }

  /** 1 in the first pass over the guest's memory: everything that was left at its beginning is sent, or as much. */
  get passes(): number {
    return this.#passes.number;
  }

  get figures(): Figures {
    return this.#figures;
  }

  /** What QEMU has sent and nobody has read on yet; to QEMU it is settled. */
  get heldBytes(): number {
    return this.streams.reduce((sum, stream) => sum + stream.heldBytes, 0);
  }

  /**
   * Whether QEMU is in the midst of a look that waits. What is dirty it has found at its beginning; then, without KVM, it waits until the
   * guest's processors have answered (`tcg_log_global_after_sync`), which one that is throttled does when its pause is over. Until then no
   * processor writes anything, and nothing is sent.
   */
  get isLooking(): boolean {
    return this.#looksWait && (this.#figures.latest?.answer.passes ?? 0) > this.#looks;
  }

  /** Whether what QEMU has found is as good as new. */
  get isFresh(): boolean {
    return this.isLooking || performance.now() - (this.#figures.passBegan?.atMs ?? -Infinity) <= freshMs;
  }

  /** Whether `stop` stops the guest at once, by hand: one that is throttled, where looks wait. */
  get stopsByHand(): boolean {
    return this.#looksWait && this.#throttledPercent > leastPercent;
  }

  /** Whether the throttle's pauses are so long that the guest can be stopped in one of them. */
  get hasPauses(): boolean {
    return this.#throttledPercent >= pausesFromPercent;
  }

  /** Asks QEMU how far it is. */
  async look(): Promise<MigrationAnswer> {
    const told = this.#statusTold;
    const answer = await queryMigration(this.#qemu.qmp);
    this.#figures = take(this.#figures, { atMs: performance.now(), answer });
    this.#passes = follow(this.#passes, answer);
    // What an event has told meanwhile is newer than the answer.
    if (told === this.#statusTold) this.#become(answer.status);
    return answer;
  }

  /**
   * Has QEMU look now which pages are dirty, and asks how far it is. By itself it looks only when it has nothing left to send, so
   * that until then it does not know what has been written behind it. Told that it might stop, it looks at once, and is kept from stopping.
   *
   * @returns the ms for which its look was waited for, up to `lookLimitMs`; what a look itself takes beyond that is not in it
   */
  async lookAnew(): Promise<number> {
    const fromMs = performance.now();
    const isDue = this.#looks > 0 && !this.isFresh && fromMs > this.#lookAgainAtMs;
    if (this.#braced || this.#closed || !isDue) {
      await this.look();
      return 0;
    }
    const looks = this.#looks;
    await setSwitchover(this.#qemu.qmp, "whatever is left", this.#maxBytesPerSec);
    // It stands in a write, of which nothing is read.
    if (this.#held) for (const stream of this.streams) stream.gather(keptBytes);
    const isOver = () => this.#looks !== looks || this.isLooking || this.#braced || this.#failed || this.#closed;
    const everyMs = this.#looksWait ? begunEveryMs : lookLimitMs;
    while (!(await this.#until(isOver, everyMs)) && performance.now() - fromMs < lookLimitMs) await this.look();
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- it can be braced or undone meanwhile
    if (!this.#braced && !this.#closed) {
      // Whatever else it writes is to wait with QEMU, which knows what of it gets stale.
      for (const stream of this.streams) stream.gather(0);
      await setSwitchover(this.#qemu.qmp, "held", this.#maxBytesPerSec);
    }
    const tookMs = performance.now() - fromMs;
    await this.look();
    this.#lookAgainAtMs = performance.now() + lookDuty * Math.max(0, tookMs - 2 * noticedMs);
    return Math.min(tookMs, lookLimitMs);
  }

  /**
   * QEMU sends no faster than this, or as fast as can be where it is `undefined`, from now on until `brace`. Where its stream is read more
   * slowly than it writes, it waits inside of a write, and not between two windows of its own. 0: nobody reads it for now, and it writes next
   * to nothing.
   */
  async cap(bytesPerSec: number | undefined): Promise<void> {
    this.#held = bytesPerSec === 0;
    // QEMU takes whole numbers, and 0 for none.
    this.#capBytesPerSec = bytesPerSec === undefined ? 0 : Math.max(leastBytesPerSec, Math.round(bytesPerSec));
    if (!this.#braced) await setSwitchover(this.#qemu.qmp, "held", this.#maxBytesPerSec);
  }

  /**
   * Has the guest lose this share of its processors' time, 0 to 0.99, in QEMU's own time (`setThrottle`), until the stop or the end of the
   * migration. 0 leaves 1 %.
   */
  async throttle(share: number): Promise<void> {
    if (share === 0 && !this.#throttled) return;
    this.#throttled = true;
    await setThrottle(this.#qemu.qmp, share);
  }

  /**
   * The stop follows: from now on it sends as fast as it can, and whatever is left is no reason to go on, as QEMU notices within
   * `noticedMs`. Its guest runs.
   */
  async brace(): Promise<void> {
    this.#braced = true;
    await setSwitchover(this.#qemu.qmp, "whatever is left", 0);
  }

  /**
   * Resolves when the guest stands still; it goes on by itself if the migration fails from here on, or by `endMigration` where it was
   * stopped by hand.
   *
   * @returns for how many ms it has gone on until then: QEMU ends its turn first
   */
  async stop(): Promise<number> {
    const fromMs = performance.now();
    if (!this.#braced) await this.brace();
    if (this.stopsByHand) await this.#stopByHand();
    else await this.#haveStopped();
    return Math.max(0, this.#stoodStillAtMs - fromMs);
  }

  /**
   * QEMU would look once more, which waits for the end of the throttle's pause, and the guest would write on before it could stop it. For the
   * switchover of a guest that stands still it wants no acknowledgement (`migration_can_switchover`).
   */
  async #stopByHand(): Promise<void> {
    if (this.#failed || this.#closed) throw await this.failure();
    // It may hold, in a write, what the stop has to wait for.
    for (const stream of this.streams) stream.gather();
    this.#stopping = this.#qemu.qmp.execute("stop").then(() => undefined);
    await this.#stopping;
    for (const stream of this.streams) stream.gather(0);
    await this.#until(() => this.#stoodStillAtMs > -Infinity, noticedMs);
  }

  async #haveStopped(): Promise<void> {
    // It ends its turn first. Of much it could send a lot in that, at the speed of memory, only for the guest to write it again.
    const { remainingRamBytes } = await this.look();
    if (remainingRamBytes > brinkBytes) await setSwitchover(this.#qemu.qmp, "whatever is left", leastBytesPerSec);
    // QEMU would not see that it may stop while nobody reads what it sends.
    for (const stream of this.streams) stream.gather();
    await this.#letSwitchOver();
    // The rest waits with QEMU, however much it is.
    for (const stream of this.streams) stream.gather(0);
  }

  /** Sends what is left, after which the stream ends. What QEMU sends is to be read meanwhile. */
  async finish(): Promise<void> {
    if (this.#status !== "pre-switchover") await this.#letSwitchOver();
    this.#server.answer(shutWell);
    await sendRest(this.#qemu.qmp);
  }

  /** Resolves once QEMU says that everything has been sent. */
  async completed(limitMs: number): Promise<void> {
    await this.#until(() => this.#status === "completed" || this.#failed, limitMs);
    if (this.#status !== "completed") throw await this.failure();
  }

  /** Why it did not go well, in QEMU's words. */
  async failure(): Promise<Error> {
    const { error, status } = await this.look();
    return new QmpError("refused", error ?? `the migration is ${status}`, { command: "migrate" });
  }

  /**
   * As if it had never been: whatever it has come to, the guest runs. A QEMU of several streams of which any is cut while it sends the rest
   * may wait for that one for ever, and hears nothing (10.0.13): it is let send all of it, to nobody.
   */
  async undo(): Promise<void> {
    this.#closed = true;
    if (this.streams.length > 1) {
      for (const stream of this.streams) stream.discard();
      await endMigration(this.#qemu);
    }
    this.close();
    // What is stopped by hand is not to be stopped after it has been had go on.
    await this.#stopping?.catch(() => undefined);
    await endMigration(this.#qemu);
    await this.#events[Symbol.asyncDispose]();
  }

  /** Cuts the streams. A QEMU that waits for them with its guest stopped hears nothing else. */
  close(): void {
    this.#closed = true;
    this.#server.close();
    void this.#events[Symbol.asyncDispose]();
  }

  async #letSwitchOver(): Promise<void> {
    this.#server.answer(switchoverAck);
    const isReady = () => this.#status === "pre-switchover";
    const isBroken = () => this.#failed || this.#closed || this.streams.some((stream) => stream.ended);
    const fromMs = performance.now();
    // Nothing tells of the end of a stream, or of QEMU's.
    while (!(await this.#until(() => isReady() || isBroken(), noticedMs)))
      if (performance.now() - fromMs > stopLimitMs)
        throw new QmpError("deadline", `QEMU has not begun its switchover within ${stopLimitMs} ms`);
    if (!isReady()) throw await this.failure();
  }

  get #throttledPercent(): number {
    return this.#figures.latest?.answer.throttledPercent ?? 0;
  }

  get #failed(): boolean {
    return this.#status === "failed" || this.#status === "cancelled" || this.#status === "cancelling";
  }

  /** The lower of the two that there are. */
  get #maxBytesPerSec(): number {
    const limits = [this.#capBytesPerSec, this.#spreadBytesPerSec].filter((limit) => limit > 0);
    return limits.length === 0 ? 0 : Math.min(...limits);
  }

  #watch(): AsyncDisposable {
    const events = this.#qemu.qmp.events();
    const reading = (async () => {
      for await (const event of events) await this.#take(event);
    })().catch(() => undefined);
    return {
      async [Symbol.asyncDispose]() {
        events[Symbol.dispose]();
        await reading;
      },
    };
  }

  async #take({ name, data }: QmpEvent): Promise<void> {
    if (name === "MIGRATION") {
      this.#statusTold += 1;
      this.#become(String(data["status"]));
    }
    if (name === "STOP") {
      this.#stoodStillAtMs = performance.now();
      this.#tell();
    }
    if (name !== "MIGRATION_PASS") return;
    this.#looks = Number(data["pass"]);
    this.#tell();
    if (!this.#braced) await this.#spread().catch(() => undefined);
  }

  #become(status: string): void {
    this.#status = status;
    this.#tell();
  }

  #tell(): void {
    for (const tell of this.#news) tell();
  }

  /**
   * A pass over little is over at once, and QEMU would make thousands of them in a second: they are spread, by a bandwidth after what
   * the guest has written in the last.
   */
  async #spread(): Promise<void> {
    // The first look is at all of memory, and QEMU may not have its figures yet: little left would then be taken for the brink.
    if (this.#looks < 2) return;
    const { remainingRamBytes: dirty } = await this.look();
    const bytesPerSec = dirty >= brinkBytes ? 0 : Math.max(leastBytesPerSec, Math.round(passesPerSec * dirty));
    const former = this.#spreadBytesPerSec;
    const isAlike = bytesPerSec > 0 && Math.abs(bytesPerSec - former) < 0.2 * former;
    if (this.#braced || isAlike || bytesPerSec === former) return;
    this.#spreadBytesPerSec = bytesPerSec;
    await setSwitchover(this.#qemu.qmp, "held", this.#maxBytesPerSec);
  }

  /** Whether it has come about within the time. */
  async #until(isSo: () => boolean, limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let tell = () => undefined as void;
    await new Promise<void>((resolve) => {
      tell = () => (isSo() ? resolve() : undefined);
      timer = setTimeout(resolve, limitMs);
      this.#news.push(tell);
      tell();
    });
    clearTimeout(timer);
    this.#news = this.#news.filter((each) => each !== tell);
    return isSo();
  }
}
