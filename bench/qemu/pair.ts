import { alphaAndBeta, Cluster } from "../../test/e2e/support/cluster.ts";
import { commandLineOf, Guests, type GuestSize } from "../../test/qemu/support/guests.ts";
import { findTestGuest, guestFolder } from "../../test/support/test-guest.ts";

export const size: GuestSize = { memoryMib: 768, roomMib: 512 };
/** Slow enough that a pass over what it has written is short on either way. */
const mibPerSec = 8;

/** What both ways begin with: a guest that has written most of its memory, and goes on doing so, saved; and two hosts. */
export class Pair implements AsyncDisposable {
  readonly guests: Guests;
  readonly cluster: Cluster;

  private constructor(guests: Guests, cluster: Cluster) {
    this.guests = guests;
    this.cluster = cluster;
  }

  static async start(): Promise<Pair> {
    const found = findTestGuest();
    if (found.missing !== undefined) throw new Error(found.missing);
    const guests = await Guests.in(found, size);
    try {
      await guests.save(async (console) => {
        await console.tell(`mib ${size.roomMib}`);
        while ((await console.more(1)).passes === 0);
        await console.tell(`rate ${mibPerSec}`);
      });
      const hosts = alphaAndBeta().map((host) => ({ ...host, options: ["--qemu", guestFolder] }));
      return new Pair(guests, await Cluster.start(hosts));
    } catch (error) {
      await guests[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The configuration of a guest that Godwit is to go on with. */
  get machine(): object {
    const found = findTestGuest();
    if (found.missing !== undefined) throw new Error(found.missing);
    const kernel = { image: found.kernel, initramfs: found.initramfs, commandLine: commandLineOf(size) };
    return { memoryMib: size.memoryMib, accelerator: "tcg", kernel, restore: this.guests.savedState };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await this.guests[Symbol.asyncDispose]();
  }
}
