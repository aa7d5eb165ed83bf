import { z } from "zod";
import { QmpError } from "./qmp-error.ts";

const lineFeed = 0x0a;
/** Answers are short, save those that describe the whole of QEMU. */
const lineLimitBytes = 16 * 1024 * 1024;

const Greeting = z.object({
  QMP: z.object({
    version: z.object({
      qemu: z.object({ major: z.number(), minor: z.number(), micro: z.number() }),
      package: z.string().optional(),
    }),
    capabilities: z.array(z.string()),
  }),
});

const Event = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
  timestamp: z.object({ seconds: z.number(), microseconds: z.number() }),
});

const Answer = z.object({ id: z.number(), return: z.unknown() });
const Refusal = z.object({ id: z.number().optional(), error: z.object({ class: z.string(), desc: z.string() }) });

export type Greeting = z.infer<typeof Greeting>;

/** What QEMU says, one a line. */
export type Said =
  | { kind: "greeting"; greeting: Greeting["QMP"] }
  | { kind: "event"; name: string; data: Record<string, unknown>; atMs: number }
  | { kind: "answer"; id: number; result: unknown }
  | { kind: "refusal"; id?: number | undefined; errorClass: string; description: string };

/** @throws {QmpError} where the line is nothing that QMP knows */
export function understand(line: string): Said {
  const message = parse(line);
  if ("QMP" in message) return { kind: "greeting", greeting: check(Greeting, message).QMP };
  if ("event" in message) {
    const { event, data, timestamp } = check(Event, message);
    return { kind: "event", name: event, data, atMs: timestamp.seconds * 1000 + timestamp.microseconds / 1000 };
  }
  if ("error" in message) {
    const { id, error } = check(Refusal, message);
    return { kind: "refusal", id, errorClass: error.class, description: error.desc };
  }
  const { id, return: result } = check(Answer, message);
  return { kind: "answer", id, result };
}

function parse(line: string): object {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message === "object" && message !== null) return message;
  } catch {
    // Told below.
  }
  throw new QmpError("protocol", `not a message of QMP: ${line.slice(0, 200)}`);
}

function check<T>(schema: z.ZodType<T>, message: object): T {
  const checked = schema.safeParse(message);
  if (checked.success) return checked.data;
  throw new QmpError("protocol", `not a message of QMP: ${JSON.stringify(message).slice(0, 200)}`);
}

/** Bytes into lines, however they are cut. */
export class LineReader {
  #parts: Buffer[] = [];
  #heldBytes = 0;

  /** @throws {QmpError} where a line is longer than any that QEMU says */
  take(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      lines.push(Buffer.concat([...this.#parts, chunk.subarray(from, end)]).toString("utf8"));
      this.#parts = [];
      this.#heldBytes = 0;
      from = end + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines.filter((line) => line.trim() !== "");
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    this.#heldBytes += part.length;
    if (this.#heldBytes > lineLimitBytes) throw new QmpError("protocol", "a line that does not end");
    this.#parts.push(part);
  }
}
