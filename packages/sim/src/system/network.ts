import type { Random } from "../random.ts";
import type { Life } from "./life.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What is told to one end of a connection. */
export interface EndEvents {
  receive: (text: string) => void;
  closed: () => void;
}

/** How long an end takes a connection for alive that carries nothing any more. */
export interface Patience {
  dialledMs: number;
  acceptedMs: number;
}

const halfOpenMs = 300;

/**
 * Who can reach whom. A connection keeps its order and loses nothing while it stands; when it breaks, what was under way is lost from
 * some message on, and each end notices in its own time.
 */
export class Network {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #listeners = new Map<string, (end: End) => void>();
  readonly #parted = new Set<string>();
  readonly #open = new Set<Connection>();
  /** The longest way of a message; drawn anew for each. */
  slowestMs = 3;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  listen(name: string, life: Life, accept: (end: End) => void): void {
    this.#listeners.set(name, accept);
    life.atEnd(() => this.#listeners.delete(name));
  }

  /** Calls back with the dialling end, or with nothing where nobody can be reached. */
  dial(from: string, to: string, patience: Patience, then: (end: End | undefined) => void): void {
    this.#time.after(this.wayMs() + this.wayMs(), () => {
      const accept = this.#listeners.get(to);
      if (accept === undefined || this.isParted(from, to)) return then(undefined);
      const connection = new Connection(this, this.#time, this.#random, { from, to, patience });
      this.#open.add(connection);
      connection.atClose(() => this.#open.delete(connection));
      accept(connection.accepted);
      then(connection.dialled);
    });
  }

  isParted(a: string, b: string): boolean {
    return this.#parted.has(pair(a, b));
  }

  /** What is sent waits until they are together again, unless an end gives the connection up before. */
  part(a: string, b: string): void {
    this.#parted.add(pair(a, b));
    for (const connection of this.#between(a, b)) connection.parted();
  }

  heal(a: string, b: string): void {
    this.#parted.delete(pair(a, b));
    for (const connection of this.#between(a, b)) connection.healed();
  }

  healAll(): void {
    this.#parted.clear();
    for (const connection of this.#open) connection.healed();
  }

  /** Breaks what stands between the two now. */
  cut(a: string, b: string): void {
    for (const connection of this.#between(a, b)) connection.cut();
  }

  wayMs(): number {
    return this.#random.chance(0.05)
      ? this.#random.between(0, 20 * this.slowestMs)
      : this.#random.between(0.05, this.slowestMs);
  }

  #between(a: string, b: string): Connection[] {
    return [...this.#open].filter(({ from, to }) => pair(from, to) === pair(a, b));
  }
}

class Connection {
  readonly from: string;
  readonly to: string;
  readonly dialled: End;
  readonly accepted: End;
  readonly #network: Network;
  readonly #random: Random;
  readonly #closings: (() => void)[] = [];

  constructor(
    network: Network,
    time: VirtualTime,
    random: Random,
    { from, to, patience }: { from: string; to: string; patience: Patience },
  ) {
    this.from = from;
    this.to = to;
    this.#network = network;
    this.#random = random;
    this.dialled = new End(this, time, patience.dialledMs);
    this.accepted = new End(this, time, patience.acceptedMs);
  }

  get isParted(): boolean {
    return this.#network.isParted(this.from, this.to);
  }

  otherOf(end: End): End {
    return end === this.dialled ? this.accepted : this.dialled;
  }

  wayMs(): number {
    return this.#network.wayMs();
  }

  atClose(closing: () => void): void {
    this.#closings.push(closing);
  }

  ended(): void {
    if (this.dialled.isOpen || this.accepted.isOpen) return;
    for (const closing of this.#closings.splice(0)) closing();
  }

  parted(): void {
    for (const end of [this.dialled, this.accepted]) end.hearsNothing();
  }

  healed(): void {
    for (const end of [this.dialled, this.accepted]) end.hearsAgain();
  }

  cut(): void {
    for (const end of [this.dialled, this.accepted]) end.losesSome(this.#random.between(0, halfOpenMs));
  }
}

/** One end of a connection. */
export class End {
  readonly #connection: Connection;
  readonly #time: VirtualTime;
  readonly #patienceMs: number;
  #events: EndEvents | undefined;
  #isOpen = true;
  /** Messages under way to this end, in order; each is due at a time of its own or later. */
  readonly #coming: { text: string; dueMs: number }[] = [];
  #lastDueMs = 0;
  #isLast = false;
  #giveUp: () => void = () => undefined;

  constructor(connection: Connection, time: VirtualTime, patienceMs: number) {
    this.#connection = connection;
    this.#time = time;
    this.#patienceMs = patienceMs;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Must be called at once: nothing arrives before. */
  hear(events: EndEvents): void {
    this.#events = events;
  }

  send(text: string): void {
    if (this.#isOpen) this.#connection.otherOf(this).#comes(text);
  }

  /** Whoever is at the other end hears of it later, after what was sent before; or by silence. */
  close(): void {
    if (!this.#isOpen) return;
    this.#shut();
    this.#connection.otherOf(this).#noneFollow();
  }

  hearsNothing(): void {
    this.#giveUp();
    this.#giveUp = this.#time.after(this.#patienceMs, () => this.#broken());
  }

  hearsAgain(): void {
    this.#giveUp();
    this.#giveUp = () => undefined;
    for (const { dueMs } of this.#coming) this.#deliverAt(dueMs);
    if (this.#isLast) this.#deliverAt(this.#lastDueMs);
  }

  /** From some message on nothing comes any more. */
  losesSome(noticedAfterMs: number): void {
    this.#isLast = true;
    this.#time.after(noticedAfterMs, () => this.#broken());
  }

  #comes(text: string): void {
    if (!this.#isOpen || this.#isLast) return;
    // Order is kept: nothing overtakes what was sent before.
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#time.nowMs + this.#connection.wayMs());
    this.#coming.push({ text, dueMs: this.#lastDueMs });
    this.#deliverAt(this.#lastDueMs);
  }

  #noneFollow(): void {
    if (!this.#isOpen || this.#isLast) return;
    this.#isLast = true;
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#time.nowMs + this.#connection.wayMs());
    this.#deliverAt(this.#lastDueMs);
  }

  #deliverAt(dueMs: number): void {
    this.#time.after(dueMs - this.#time.nowMs, () => this.#deliver());
  }

  /** One message at a time: whoever hears it goes on as far as it can before the next one comes. */
  #deliver(): void {
    if (!this.#isOpen || this.#connection.isParted) return;
    const next = this.#coming[0];
    if (next === undefined) {
      if (this.#isLast && this.#lastDueMs <= this.#time.nowMs) this.#broken();
    } else if (next.dueMs <= this.#time.nowMs) {
      this.#coming.shift();
      this.#events?.receive(next.text);
    }
  }

  #broken(): void {
    if (!this.#isOpen) return;
    this.close();
    this.#events?.closed();
  }

  #shut(): void {
    this.#isOpen = false;
    this.#giveUp();
    this.#coming.length = 0;
    this.#connection.ended();
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}
