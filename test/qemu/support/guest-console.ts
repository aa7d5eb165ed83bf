import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { until } from "../../e2e/support/until.ts";

/** A heartbeat of the test guest, whose source is test/qemu/guest/guest.c. */
export interface Beat {
  n: number;
  /** Since its start, on the guest's clock. */
  ms: number;
  /** The counter that has got through the open file and back. */
  file: number;
  errors: number;
  passes: number;
  pages: number;
  bad: number;
}

/** What the test guest says on its console, from when it was connected to. */
export class GuestConsole implements Disposable {
  readonly beats: Beat[] = [];
  /** What was no heartbeat: complaints, and answers to what it was told. */
  readonly said: string[] = [];
  /** What it has begun to say: the line may go on where the guest goes on. */
  begun = "";
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (text: Buffer) => this.#hear(text.toString()));
  }

  static async open(path: string): Promise<GuestConsole> {
    const socket = connect(path);
    await once(socket, "connect");
    return new GuestConsole(socket);
  }

  get last(): Beat {
    const beat = this.beats.at(-1);
    if (beat === undefined) throw new Error("the guest has shown no heartbeat");
    return beat;
  }

  /** Waits for so many more heartbeats. */
  async more(count: number, limitMs = 60_000): Promise<Beat> {
    const from = this.beats.length;
    await until(`${count} heartbeats`, () => this.beats.length >= from + count, limitMs);
    return this.last;
  }

  /** Tells the guest something, and waits for its answer. */
  async tell(line: string): Promise<void> {
    this.#socket.write(`${line}\n`);
    await until(`the guest's answer to ${line}`, () => this.said.includes(`did ${line}`));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #hear(text: string): void {
    const lines = (this.begun + text).split("\n");
    this.begun = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    // The first line may have begun before anybody listened.
    if (!line.startsWith("beat ")) return void this.said.push(line.trim());
    const beat = beatIn(line);
    if (beat !== undefined) this.beats.push(beat);
  }
}

export function beatIn(line: string): Beat | undefined {
  const figures = /^beat n=(\d+) ms=(\d+) file=(\d+) errors=(\d+) passes=(\d+) pages=(\d+) bad=(\d+)/.exec(line);
  const [n, ms, file, errors, passes, pages, bad] = (figures ?? []).slice(1).map(Number);
  if (n === undefined || ms === undefined || file === undefined || errors === undefined) return undefined;
  if (passes === undefined || pages === undefined || bad === undefined) return undefined;
  return { n, ms, file, errors, passes, pages, bad };
}
