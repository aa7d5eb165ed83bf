import { Random } from "@godwit/sim";
import { hostIdOf } from "./guest.ts";
import type { World } from "./world.ts";

const asksAgainMs = 1_000;

/**
 * Machines that die, and what people make of it: most are fenced after a while, some come back, before or after that. Drawn apart from
 * everything else, so that a seed's other faults stay as they are.
 */
export class Deaths {
  readonly #world: World;
  readonly #random: Random;
  /** What a device of the guest holds is on a disk, and is there again once its machine is. */
  readonly outlivesPower: boolean;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed + 1_000_000_007);
    this.outlivesPower = this.#random.chance(0.5);
    const untimely = new Random(seed + 2_000_000_011);
    if (untimely.chance(0.15)) world.faults.armDeath(untimely.pick(world.hostNames), untimely.integer(1, 60));
  }

  /** Of the machines that lose their power so many do not come back by themselves. */
  isForLong(): boolean {
    return this.#random.chance(0.6);
  }

  happened(host: string): void {
    const { time } = this.#world;
    const random = this.#random;
    const acceptOlderCopy = random.chance(0.4);
    if (random.chance(0.8)) time.after(random.between(500, 40_000), () => void this.#fence(host, acceptOlderCopy));
    if (random.chance(0.5)) time.after(random.between(2_000, 80_000), () => this.#world.host(host).comeBack());
    // Somebody may look again, and accept what nobody had accepted before.
    if (random.chance(0.5)) time.after(random.between(40_000, 90_000), () => void this.#fence(host, true));
  }

  /** Whoever fences asks until it is answered; a host that is back needs none. */
  async #fence(host: string, acceptOlderCopy: boolean): Promise<void> {
    const { server, time, witness } = this.#world;
    if (!this.#world.host(host).isGone || !this.#world.store.hosts.has(host)) return;
    const wanted = { by: "ann", reason: "it burnt", acceptOlderCopy, runCommand: false, yesItIsDead: false };
    let isFenced = false;
    if (server?.isReady === true && !server.agents.has(hostIdOf(host))) {
      this.#world.note("operator", `fences ${host}${acceptOlderCopy ? ", an older copy accepted" : ""}`);
      if (acceptOlderCopy) witness.acceptOlderCopies();
      // The answer of an orchestrator that ends never comes.
      time.after(asksAgainMs, () => {
        if (!isFenced) void this.#fence(host, acceptOlderCopy);
      });
      await server.fencing.fence(host, wanted).catch(() => undefined);
      isFenced = this.#world.store.hosts.get(host)?.fenced !== undefined;
      return;
    }
    time.after(asksAgainMs, () => void this.#fence(host, acceptOlderCopy));
  }
}
