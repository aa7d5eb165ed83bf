import type { Life, Network, Random, VirtualTime } from "@godwit/sim";

/** What devices' channels carry from host to host, as far as the handover sees it. */
export type Frame =
  | { frame: "final"; contents: Map<string, number> }
  | { frame: "loaded"; epoch: number }
  | { frame: "grant"; epoch: number }
  | { frame: "failed"; code: string };

export interface Side {
  host: string;
  life: Life;
  receive: (frame: Frame) => void;
  /** The other side is gone, or out of reach for too long. */
  lost: (code: string) => void;
}

const lookEveryMs = 5_000;
const giveUpAfterMs = 30_000;

/** The channels of one migration: in order and without loss, across whatever breaks for less than half a minute. */
export class Channel {
  readonly #time: VirtualTime;
  readonly #network: Network;
  readonly #random: Random;
  readonly #sides: [Side, Side];
  #isOver = false;
  #apartMs = 0;
  readonly #readyMs: [number, number] = [0, 0];
  readonly #coming: [Frame[], Frame[]] = [[], []];

  constructor(time: VirtualTime, network: Network, random: Random, sides: [Side, Side]) {
    this.#time = time;
    this.#network = network;
    this.#random = random;
    this.#sides = sides;
    this.#look();
  }

  get isApart(): boolean {
    const [a, b] = this.#sides;
    return this.#isOver || !a.life.alive || !b.life.alive || this.#network.isParted(a.host, b.host);
  }

  send(from: Side, frame: Frame): void {
    if (this.#isOver) return;
    const to = from === this.#sides[0] ? 1 : 0;
    this.#readyMs[to] = Math.max(this.#readyMs[to], this.#time.nowMs + this.#network.wayMs());
    this.#coming[to].push(frame);
    this.#deliverAt(this.#readyMs[to], to);
  }

  /** In good order: the other side hears of it, if it can. */
  close(by: Side): void {
    if (this.#isOver) return;
    const other = by === this.#sides[0] ? this.#sides[1] : this.#sides[0];
    const isApart = this.isApart;
    this.#isOver = true;
    const afterMs = isApart ? this.#random.between(100, giveUpAfterMs) : this.#network.wayMs();
    other.life.after(afterMs, () => other.lost(isApart ? "link-lost" : "peer-closed"));
  }

  #deliverAt(atMs: number, to: 0 | 1): void {
    const side = this.#sides[to];
    side.life.after(atMs - this.#time.nowMs, () => {
      if (this.#isOver) return;
      if (this.#network.isParted(this.#sides[0].host, this.#sides[1].host))
        return this.#deliverAt(this.#time.nowMs + 100, to);
      const next = this.#coming[to].shift();
      if (next !== undefined) side.receive(next);
    });
  }

  #look(): void {
    this.#time.after(lookEveryMs, () => {
      if (this.#isOver) return;
      this.#apartMs = this.isApart ? this.#apartMs + lookEveryMs : 0;
      if (this.#apartMs < giveUpAfterMs) return this.#look();
      this.#isOver = true;
      for (const side of this.#sides) if (side.life.alive) side.lost("link-lost");
    });
  }
}
