import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Beat, beatIn } from "./beat.ts";

const answerLimitMs = 60_000;

/** What the sample guest says on its console, from when it was connected to. */
export class GuestConsole implements Disposable {
  readonly beats: Beat[] = [];
  /** What was no heartbeat: complaints, and answers to what it was told. */
  readonly said: string[] = [];
  /** What it has begun to say: the line may go on where the guest goes on. */
  begun = "";
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (text: Buffer) => this.#hear(text.toString()));
  }

  /** @param path of the socket on which QEMU has the guest's console; it takes one listener at a time */
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
  async more(count: number, limitMs = answerLimitMs): Promise<Beat> {
    const from = this.beats.length;
    await this.#until(`${count} heartbeats`, () => this.beats.length >= from + count, limitMs);
    return this.last;
  }

  /** Tells the guest something, and waits for its answer. */
  async tell(line: string): Promise<void> {
    this.#socket.write(`${line}\n`);
    await this.#until(`the guest's answer to ${line}`, () => this.said.includes(`did ${line}`), answerLimitMs);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #hear(text: string): void {
    const lines = (this.begun + text).split("\n");
    this.begun = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
    for (const look of this.#waiting) look();
  }

  #take(line: string): void {
    // The first line may have begun before anybody listened.
    if (!line.startsWith("beat ")) return void this.said.push(line.trim());
    const beat = beatIn(line);
    if (beat !== undefined) this.beats.push(beat);
  }

  async #until(what: string, isSo: () => boolean, limitMs: number): Promise<void> {
    let look = () => undefined as void;
    let timer: NodeJS.Timeout | undefined;
    const reached = await new Promise<boolean>((resolve) => {
      look = () => (isSo() ? resolve(true) : undefined);
      timer = setTimeout(resolve, limitMs, false);
      this.#waiting.add(look);
      look();
    });
    clearTimeout(timer);
    this.#waiting.delete(look);
    if (!reached)
      throw new Error(`${what} did not come within ${limitMs} ms; the guest said last: ${this.said.at(-1)}`);
  }
}
