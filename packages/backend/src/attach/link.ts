import { AttachError, type Call, isObject, parseLine, unansweredLimit } from "../attach-protocol.ts";
import type { Sink } from "../backend.ts";
import { BlockSender } from "./block-sender.ts";
import type { Connections } from "./connections.ts";
import { sendLine } from "./lines.ts";

interface Unanswered {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  go: (() => void) | undefined;
}

interface Request {
  id: number;
  result: Promise<unknown>;
}

/** The agent's end of an attachment: asks, and moves rounds in both directions. */
export class Link {
  readonly closed: Promise<void>;
  readonly #connections: Connections;
  readonly #sender: BlockSender;
  readonly #unanswered = new Map<number, Unanswered>();
  #nextId = 1;
  #lost = false;

  constructor(connections: Connections) {
    const { control, bulk } = connections;
    this.#connections = connections;
    this.#sender = new BlockSender(bulk);
    connections.onLine((line) => this.#take(line));
    bulk.once("close", () => control.destroy());
    this.closed = new Promise((resolve) => control.once("close", () => resolve(this.#close())));
  }

  call(call: Call, parameters: object = {}): Promise<unknown> {
    return this.#ask(call, parameters).result;
  }

  /** A round from the device into `out`. */
  async receive(call: "precopy" | "final", out: Sink): Promise<unknown> {
    out.signal.throwIfAborted();
    let cut = false;
    const write = async (chunk: Uint8Array) => {
      await out.write(chunk);
      if (!cut && out.budget <= 0) this.#notify({ cut: request.id });
      cut ||= out.budget <= 0;
    };
    const { receiver } = this.#connections;
    const failed = () => this.#notify({ cancel: request.id });
    const bytes = receiver.receive({ allocate: (size) => out.allocate(size), write, failed });
    // A refused round never begins, and its answer says why; a failed one is told below.
    bytes.catch(() => undefined);
    const aborted = () => receiver.fail(out.signal.reason);
    let admitted = false;
    const request = this.#ask(call, Number.isFinite(out.budget) ? { budget: out.budget } : {}, () => (admitted = true));
    out.signal.addEventListener("abort", aborted, { once: true });
    try {
      const result = await request.result;
      await bytes;
      return result;
    } catch (error) {
      if (!admitted || this.#lost) receiver.release(new AttachError("not-admitted", "the round was refused"));
      // What made a sink fail says more than that the device was told to give up.
      else await bytes.catch((cause: unknown) => rethrowOwn(cause));
      throw error;
    } finally {
      out.signal.removeEventListener("abort", aborted);
    }
  }

  /** A round from `chunks` to the device. Where it is aborted the device is told that the rest will not come. */
  async send(phase: "precopy" | "final", chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const admitted = new AbortController();
    const go = new Promise<void>((resolve) => admitted.signal.addEventListener("abort", () => resolve()));
    const { result } = this.#ask("load", { phase }, () => admitted.abort());
    const answered = new AbortController();
    result.catch((error: unknown) => answered.abort(error));
    await Promise.race([go, result]);
    const either = AbortSignal.any([signal, answered.signal]);
    try {
      await this.#sendAll(chunks, either);
      this.#sender.end();
    } catch (error) {
      this.#sender.abandon();
      await result;
      throw error;
    }
    await result;
  }

  close(): void {
    this.#connections.control.destroy();
  }

  async #sendAll(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => undefined);
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = await Promise.race([iterator.next(), aborted]);
        if (next.done === true) return;
        await this.#sender.write(next.value, signal);
      }
    } catch (error) {
      // Whoever makes the chunks may be waiting for one that never comes, so that this is not awaited.
      void iterator.return?.().catch(() => undefined);
      throw error;
    }
  }

  #ask(call: Call, parameters: object, go?: () => void): Request {
    const id = this.#nextId;
    this.#nextId += 1;
    const result = new Promise<unknown>((resolve, reject) => {
      if (this.#lost) return reject(lost());
      if (this.#unanswered.size >= unansweredLimit) return reject(new AttachError("busy", "too many calls at once"));
      this.#unanswered.set(id, { resolve, reject, go });
      sendLine(this.#connections.control, { id, call, ...parameters });
    });
    return { id, result };
  }

  #notify(notice: object): void {
    if (!this.#lost) sendLine(this.#connections.control, notice);
  }

  #take(line: string): void {
    const said = parseLine(line);
    const unanswered = this.#unanswered.get(Number(said["id"]));
    if (unanswered === undefined) throw new AttachError("bad-message", "an answer to nothing that was asked");
    if (said["go"] === true) return unanswered.go?.();
    this.#unanswered.delete(Number(said["id"]));
    const { error } = said;
    if (!isObject(error)) return unanswered.resolve(said["result"]);
    unanswered.reject(new AttachError(String(error["code"]), String(error["detail"])));
  }

  #close(): void {
    this.#lost = true;
    this.#connections.bulk.destroy();
    this.#connections.receiver.release(lost());
    for (const unanswered of this.#unanswered.values()) unanswered.reject(lost());
    this.#unanswered.clear();
  }
}

function lost(): AttachError {
  return new AttachError("connection-lost", "the back end's process has closed the connection");
}

function rethrowOwn(cause: unknown): void {
  const tellsNothing = cause instanceof AttachError && cause.code === "abandoned";
  if (!tellsNothing) throw cause;
}
