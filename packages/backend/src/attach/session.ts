import type { Socket } from "node:net";
import {
  AttachError,
  type Call,
  calls,
  failureOf,
  lineLimitBytes,
  parseLine,
  unansweredLimit,
} from "../attach-protocol.ts";
import { BlockReader } from "./block-reader.ts";
import { BlockSender } from "./block-sender.ts";
import type { CallInput, DeviceHost } from "./device-host.ts";
import { sendLine } from "./lines.ts";
import { budgetOf } from "./parameters.ts";
import { BufferPool, RoundIn, RoundOut } from "./round.ts";

interface Bulk {
  socket: Socket;
  sender: BlockSender;
  reader: BlockReader;
}

/** One agent's time with a device: from its control connection to the end of what it had begun. */
export class Session {
  readonly id: string;
  /** Resolves when the connections have closed and nothing that they began is under way. */
  readonly ended: Promise<void>;
  readonly #control: Socket;
  readonly #host: DeviceHost;
  readonly #shutdown: () => void;
  readonly #pool = new BufferPool();
  readonly #unanswered = new Set<number>();
  #bulk: Bulk | undefined;
  #round: { id: number; out: RoundOut | undefined } | undefined;

  constructor(id: string, control: Socket, host: DeviceHost, shutdown: () => void) {
    this.id = id;
    this.#control = control;
    this.#host = host;
    this.#shutdown = shutdown;
    this.ended = new Promise((resolve) => {
      control.once("close", () => {
        this.#bulk?.socket.destroy();
        void host.agentGone().then(resolve, resolve);
      });
    });
  }

  takeBulk(socket: Socket): void {
    if (this.#bulk !== undefined) throw new AttachError("busy", "the session has its bulk connection already");
    this.#bulk = { socket, sender: new BlockSender(socket), reader: new BlockReader(socket) };
    socket.once("close", () => this.#control.destroy());
  }

  /** Takes a line of the agent's; throws where it makes no sense, which ends the session. */
  handle(line: string): void {
    const said = parseLine(line);
    if (said["cut"] !== undefined || said["cancel"] !== undefined) return this.#notice(said);
    const { id, call } = said;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0 || this.#unanswered.has(id)) {
      throw new AttachError("bad-message", "a request has an id of its own, an integer that is not negative");
    }
    if (this.#unanswered.size >= unansweredLimit) throw new AttachError("bad-message", "too many unanswered requests");
    this.#unanswered.add(id);
    void this.#answer(id, call, said);
  }

  #notice(said: Record<string, unknown>): void {
    if (this.#round === undefined) return;
    if (said["cut"] === this.#round.id) this.#round.out?.cut();
    if (said["cancel"] === this.#round.id) this.#host.cancel();
  }

  async #answer(id: number, call: unknown, parameters: Record<string, unknown>): Promise<void> {
    try {
      const known = calls.find((each) => each === call);
      if (known === undefined) throw new AttachError("unsupported", `there is no call ${String(call).slice(0, 100)}`);
      const result = await this.#perform(id, known, parameters);
      this.#reply(id, { id, result });
    } catch (error) {
      this.#reply(id, { id, error: failureOf(error) });
    }
    if (call === "shutdown") this.#shutdown();
  }

  async #perform(id: number, call: Call, parameters: Record<string, unknown>): Promise<unknown> {
    if (call === "shutdown") return undefined;
    const input: CallInput = {
      parameters,
      openOut: (signal) => this.#openOut(id, signal, budgetOf(parameters["budget"])),
      openIn: (signal) => this.#openIn(id, signal),
    };
    try {
      return await this.#host.call(call, input);
    } finally {
      if (this.#round?.id === id) this.#round = undefined;
    }
  }

  #openOut(id: number, signal: AbortSignal, budget: number): RoundOut {
    const out = new RoundOut(this.#requireBulk().sender, this.#pool, signal, budget);
    this.#round = { id, out };
    sendLine(this.#control, { id, go: true });
    return out;
  }

  #openIn(id: number, signal: AbortSignal): RoundIn {
    const round = new RoundIn(this.#requireBulk().reader, signal);
    this.#round = { id, out: undefined };
    sendLine(this.#control, { id, go: true });
    return round;
  }

  #requireBulk(): Bulk {
    if (this.#bulk === undefined) throw new AttachError("bad-order", "there is no bulk connection yet");
    return this.#bulk;
  }

  #reply(id: number, answer: object): void {
    this.#unanswered.delete(id);
    // An agent that does not read its answers must not make them pile up.
    if (this.#control.writableLength > unansweredLimit * lineLimitBytes) this.#control.destroy();
    else sendLine(this.#control, answer);
  }
}
