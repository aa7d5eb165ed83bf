import { readFile } from "node:fs/promises";
import { placesIn } from "../places.ts";
import { type Beat, beatIn, gapsIn } from "./beat.ts";
import { GuestConsole } from "./guest-console.ts";

/**
 * Listens to a sample guest wherever it runs, and knows whether anything of what it should have said is missing. A heartbeat may begin
 * on one host and end on the other.
 */
export class Heartbeats implements Disposable {
  readonly #seen = new Set<number>();
  #console: GuestConsole;

  private constructor(console: GuestConsole) {
    this.#console = console;
  }

  /** @param folder of its QEMU on the host where it runs */
  static async of(folder: string): Promise<Heartbeats> {
    return new Heartbeats(await GuestConsole.open(placesIn(folder).console));
  }

  /**
   * It runs on in another folder's QEMU. Until then it was listened to at the old one, of which nothing is left; what it has said at the
   * new one before anybody listened there is in its log.
   */
  async moved(folder: string): Promise<void> {
    const { console, consoleLog } = placesIn(folder);
    const [left, here] = [this.#console, await GuestConsole.open(console)];
    this.#console = here;
    this.#note(left.beats);
    this.#note(beatsIn(left.begun + (await readFile(consoleLog, "utf8"))));
    left[Symbol.dispose]();
  }

  get console(): GuestConsole {
    return this.#console;
  }

  /** With the next one: how many there were, the numbers of those that are missing among them, and the last. */
  async summary(): Promise<{ count: number; gaps: number[]; last: Beat }> {
    const last = await this.#console.more(1);
    this.#note(this.#console.beats);
    return { count: this.#seen.size, gaps: gapsIn(this.#seen), last };
  }

  [Symbol.dispose](): void {
    this.#console[Symbol.dispose]();
  }

  #note(beats: readonly Beat[]): void {
    for (const { n } of beats) this.#seen.add(n);
  }
}

function beatsIn(text: string): Beat[] {
  return text.split("\n").flatMap((line) => beatIn(line) ?? []);
}
