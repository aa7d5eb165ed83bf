import { connect, type Socket } from "node:net";
import { QmpError } from "./qmp-error.ts";
import { type QmpEvent, QmpEvents } from "./qmp-events.ts";
import { LineReader, type Said, understand } from "./qmp-lines.ts";

export interface QemuVersion {
  major: number;
  minor: number;
  micro: number;
}

export interface QmpLimits {
  /** How long an answer may take, counted from the call. */
  deadlineMs?: number;
}

interface Command {
  id: number;
  name: string;
  line: string;
  timer: NodeJS.Timeout;
  resolve(result: unknown): void;
  reject(error: QmpError): void;
}

const defaultDeadlineMs = 10_000;
/**
 * QEMU reads no further while eight commands in band wait to be carried out, and would then not see one out of band either. So
 * more than these stay here.
 */
const inBandLimit = 4;

/**
 * A connection to a running QEMU, over its QMP socket. Commands are answered in any order; one that gets no answer in time fails,
 * and its late answer is dropped. What is sent out of band is carried out even while QEMU is stuck in a command in band.
 */
export class Qmp implements Disposable {
  /** Resolves when the connection has ended, to why. */
  readonly closed: Promise<QmpError>;
  readonly #socket: Socket;
  readonly #commands = new Map<number, Command>();
  readonly #readers = new Set<QmpEvents>();
  /** In band, not sent yet. */
  #waiting: Command[] = [];
  /** In band, sent, and not answered yet: also those that nobody waits for any longer. */
  readonly #underWay = new Set<number>();
  #nextId = 1;
  #version: QemuVersion = { major: 0, minor: 0, micro: 0 };
  #knowsOutOfBand = false;
  #greeted: () => void = () => undefined;
  #end: (why: QmpError) => void = () => undefined;
  #why: QmpError | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#end = resolve));
    const lines = new LineReader();
    socket.on("data", (chunk: Buffer) => this.#guard(() => lines.take(chunk).forEach((line) => this.#take(line))));
    socket.on("error", (error) => this.#close(new QmpError("closed", error.message)));
    socket.on("close", () => this.#close(new QmpError("closed", "QEMU has closed the connection")));
  }

  /** Connects and negotiates. QEMU serves one client at a time: while another is connected the greeting does not come. */
  static async connect(path: string, { deadlineMs = defaultDeadlineMs }: QmpLimits = {}): Promise<Qmp> {
    const from = performance.now();
    const qmp = new Qmp(connect(path));
    try {
      await qmp.#greeting(deadlineMs);
      const enable = qmp.#knowsOutOfBand ? { enable: ["oob"] } : {};
      await qmp.execute("qmp_capabilities", enable, { deadlineMs: deadlineMs - (performance.now() - from) });
      return qmp;
    } catch (error) {
      qmp[Symbol.dispose]();
      throw error;
    }
  }

  get version(): QemuVersion {
    return this.#version;
  }

  /** @throws {QmpError} */
  async execute(name: string, parameters: object = {}, limits: QmpLimits = {}): Promise<unknown> {
    return await this.#ask({ execute: name, arguments: parameters }, name, true, limits);
  }

  /** @throws {QmpError} also where the command may not be sent out of band */
  async executeOutOfBand(name: string, parameters: object = {}, limits: QmpLimits = {}): Promise<unknown> {
    if (!this.#knowsOutOfBand)
      throw new QmpError("refused", "this QEMU carries nothing out of band", { command: name });
    return await this.#ask({ "exec-oob": name, arguments: parameters }, name, false, limits);
  }

  /** All events from now on. To be disposed of, or read to its end. */
  events(): QmpEvents {
    const events = new QmpEvents((ended) => this.#readers.delete(ended));
    if (this.#why === undefined) this.#readers.add(events);
    else events.end();
    return events;
  }

  /** The first event from now on that matches: to be called before the command that brings it about. */
  async event(what: string, matches: (event: QmpEvent) => boolean, limits: QmpLimits = {}): Promise<QmpEvent> {
    const { deadlineMs = defaultDeadlineMs } = limits;
    using events = this.events();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      events.end();
    }, deadlineMs);
    try {
      for await (const event of events) if (matches(event)) return event;
    } finally {
      clearTimeout(timer);
    }
    if (late) throw new QmpError("deadline", `it did not come within ${deadlineMs} ms: ${what}`);
    throw this.#why ?? new QmpError("closed", "the connection has ended");
  }

  [Symbol.dispose](): void {
    this.#close(new QmpError("closed", "this side has closed the connection"));
  }

  async #greeting(deadlineMs: number): Promise<void> {
    const greeted = new Promise<void>((resolve) => (this.#greeted = resolve));
    const silent = new QmpError("deadline", `no greeting within ${deadlineMs} ms; another client may be connected`);
    const timer = setTimeout(() => this.#close(silent), deadlineMs);
    const failed = this.closed.then((why) => Promise.reject(why));
    await Promise.race([greeted, failed]).finally(() => clearTimeout(timer));
  }

  async #ask(message: object, name: string, inBand: boolean, limits: QmpLimits): Promise<unknown> {
    const { deadlineMs = defaultDeadlineMs } = limits;
    const id = this.#nextId;
    this.#nextId += 1;
    return await new Promise((resolve, reject) => {
      if (this.#why !== undefined) return reject(this.#why);
      const late = () =>
        this.#drop(id, new QmpError("deadline", `no answer within ${deadlineMs} ms`, { command: name }));
      const timer = setTimeout(late, Math.max(0, deadlineMs));
      const line = `${JSON.stringify({ ...message, id })}\n`;
      const command = { id, name, line, timer, resolve, reject };
      this.#commands.set(id, command);
      if (!inBand) return void this.#socket.write(line);
      this.#waiting.push(command);
      this.#sendWaiting();
    });
  }

  #sendWaiting(): void {
    while (this.#underWay.size < inBandLimit) {
      const command = this.#waiting.shift();
      if (command === undefined) return;
      this.#underWay.add(command.id);
      this.#socket.write(command.line);
    }
  }

  #drop(id: number, why: QmpError): void {
    this.#waiting = this.#waiting.filter((command) => command.id !== id);
    this.#settle(id)?.reject(why);
  }

  #settle(id: number): Command | undefined {
    const command = this.#commands.get(id);
    this.#commands.delete(id);
    clearTimeout(command?.timer);
    return command;
  }

  #take(line: string): void {
    const said = understand(line);
    if (said.kind === "greeting") {
      this.#version = said.greeting.version.qemu;
      this.#knowsOutOfBand = said.greeting.capabilities.includes("oob");
      return this.#greeted();
    }
    if (said.kind === "event") {
      for (const reader of this.#readers) reader.push({ name: said.name, data: said.data, atMs: said.atMs });
      return;
    }
    this.#answered(said);
  }

  #answered(said: Extract<Said, { kind: "answer" | "refusal" }>): void {
    if (said.kind === "refusal" && said.id === undefined)
      throw new QmpError("protocol", `QEMU did not understand: ${said.description}`);
    const id = said.id ?? 0;
    this.#underWay.delete(id);
    const command = this.#settle(id);
    if (said.kind === "answer") command?.resolve(said.result);
    else
      command?.reject(
        new QmpError("refused", said.description, { command: command.name, errorClass: said.errorClass }),
      );
    this.#sendWaiting();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#close(error instanceof QmpError ? error : new QmpError("protocol", String(error)));
    }
  }

  #close(why: QmpError): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#socket.destroy();
    this.#waiting = [];
    for (const { id, name } of this.#commands.values()) {
      this.#settle(id)?.reject(new QmpError(why.kind, why.description, { command: name }));
    }
    for (const reader of this.#readers) reader.end();
    this.#end(why);
  }
}
