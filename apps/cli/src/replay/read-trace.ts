import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { TraceExpectation, TraceHeader, TraceTick } from "@godwit/contract";
import type { Trace } from "@godwit/core";
import { z } from "zod";

/** A file that is no trace: which line of it, which member, and why. */
export class TraceError extends Error {
  override name = "TraceError";
}

export interface RecordedTrace {
  file: string;
  trace: Trace;
  /** What it is held to, if it says so. */
  expect: TraceExpectation | undefined;
}

/** More than a week of four reports a second. */
const ticksAtMost = 3_000_000;
const lineMaxChars = 1_000_000;

const Expect = z.object({ expect: TraceExpectation });

/** Reads JSON Lines: a header, ticks, and perhaps what is expected; whatever else a line may say is passed over. */
export async function readTrace(file: string): Promise<RecordedTrace> {
  let header: TraceHeader | undefined;
  let expect: TraceExpectation | undefined;
  const ticks: TraceTick[] = [];
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    const at = `${file}:${number}`;
    if (line.trim() === "") continue;
    const value = objectIn(line, at);
    if (header === undefined) header = parsed(TraceHeader, value, at);
    else if ("t" in value || "x" in value) ticks.push(parsed(TraceTick, value, at));
    else if ("expect" in value) expect = parsed(Expect, value, at).expect;
    if (ticks.length > ticksAtMost) throw new TraceError(`${at}: more than ${ticksAtMost} ticks`);
  }
  if (header === undefined) throw new TraceError(`${file}: it is empty; the first line must be the header`);
  if (ticks.length === 0) throw new TraceError(`${file}: it has no tick`);
  return { file, trace: { header, ticks }, expect };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, "utf8");
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) yield line;
  } catch (error) {
    throw new TraceError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    stream.destroy();
  }
}

function objectIn(line: string, at: string): object {
  if (line.length > lineMaxChars) throw new TraceError(`${at}: longer than ${lineMaxChars} characters`);
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new TraceError(`${at}: not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  throw new TraceError(`${at}: not a JSON object`);
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: object, at: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TraceError(`${at}: /${issue?.path.join("/") ?? ""}: ${issue?.message ?? "not as expected"}`);
}
