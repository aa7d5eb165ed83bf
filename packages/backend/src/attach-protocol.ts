/**
 * How a back end in a process of its own, in any language, attaches to the agent of its host (version 1).
 *
 * The back end listens on a Unix socket. The agent makes two connections to it: `control`, then `bulk`. The back end
 * outlives the agent; the agent may come back at any time.
 *
 * **Greeting.** On every connection the back end speaks first, a `Hello` line: `{"protocol":"godwit-attach",
 * "versions":[1],"backend":{...BackendInfo},"pid":4711}`. The agent answers `{"attach":1,"role":"control"}`. The back
 * end says `{"attached":1,"session":"..."}`, or `{"refused":{"code","detail","versions"}}` and closes. With the session
 * the agent then opens the other connection: `{"attach":1,"role":"bulk","session":"..."}`. Nobody sends anything more
 * before the answer. Refusals: `unknown-version` (the versions offered are named), `busy` (one agent at a time),
 * `no-session`, `bad-message`.
 *
 * **Control** is lines of JSON in UTF-8, at most 64 KiB each with the line feed. Requests are `{"id":1,"call":"pending",
 * "accuracy":"estimate"}`, `id` a non-negative integer that no unanswered request has. The answer is `{"id":1,"result":
 * ...}` or `{"id":1,"error":{"code","detail"}}`. Answers may overtake each other. At most 64 requests are unanswered. A
 * field that is not known is ignored. A line that is not understood ends the connection.
 *
 * | call | allowed in state | then | parameters, result |
 * |---|---|---|---|
 * | `status` | any | | result `{"state"}`: `running`, `stopped`, `incoming`, `empty`, and `"complete": true` once all has been loaded |
 * | `sizeBytes` | any but gone | | result: a number |
 * | `dirtied` | running, stopped | | `reset`, true or false; result: bytes written since the last reset, each once |
 * | `pending` | running, stopped | | `accuracy`; result `Pending` |
 * | `throttle` | running | | `share`, 0 to 0.99, of its speed that the device is to lose; 0 ends it |
 * | `precopy` | running | | `budget` in bytes, none for no limit; a round on bulk |
 * | `stop` | running, stopped | stopped | |
 * | `final` | stopped | | a round on bulk; result `{"digest"}` |
 * | `resume` | running, stopped | running | |
 * | `abort` | running, stopped | running | ends what is under way, resumes, forgets the migration; does not fail for being repeated |
 * | `commit` | stopped | gone | everything but `status` and `shutdown` answers `gone` from then on |
 * | `load` | empty, incoming | incoming | `phase` `precopy` or `final`; a round on bulk; a failed one leaves only `discard` |
 * | `ready` | empty, incoming, complete | | resolves when slow preparation is done |
 * | `verify` | complete | | result `{"digest"}` |
 * | `start` | complete | running | |
 * | `discard` | empty, incoming, complete | empty | ends what is under way |
 * | `shutdown` | any | | answered, then the process ends |
 *
 * A throttle ends with `stop`, `abort`, and when the connection closes; once a stop was begun there is none until the device
 * runs again. `dirtied` is for whoever watches the device; a migration neither asks nor resets it.
 *
 * Codes: `bad-order` (not allowed in this state), `gone`, `busy` (another call changes the state just now), `unsupported`
 * (`can` denies it, or the back end does not know the call), `cancelled`, `bad-message`; any other is the back end's own,
 * `failed` where it has none.
 *
 * **Rounds on bulk.** A call with a round that is admitted is first answered `{"id":1,"go":true}`. Then the bulk
 * connection carries blocks: a length (unsigned, 32 bits, little-endian, at most 1 MiB) and as many bytes. Length 0 ends
 * the round, length 0xFFFFFFFF says that its sender gave up. One of them always comes, whatever the outcome. `precopy` and
 * `final` send to the agent, `load` to the back end, which reads to the end of the round even when it has failed. Then
 * the call's answer follows on control. Blocks have no meaning: they may be cut and joined. Who does not read blocks the
 * sender. Two notices have no id and no answer: `{"cut":1}` sets the budget of round 1 to nothing, so that it ends in good
 * order; `{"cancel":1}` makes it fail.
 *
 * **When a connection closes** both are closed and what was under way is cancelled. A device that runs goes on and
 * forgets the migration; a stopped one stays stopped, and one that has loaded everything keeps it, until told by the
 * next agent; half a load can only be discarded.
 */
import type { BackendInfo } from "./backend.ts";

export const protocolName = "godwit-attach";
export const protocolVersion = 1;
export const lineLimitBytes = 64 * 1024;
export const blockLimitBytes = 1024 * 1024;
export const unansweredLimit = 64;
export const greetingLimitMs = 5000;
export const blockHeaderBytes = 4;
export const roundEnd = 0;
export const roundAbandoned = 0xffff_ffff;

export interface Hello {
  protocol: typeof protocolName;
  versions: number[];
  backend: BackendInfo;
  pid: number;
}

/** What a device in a process of its own does at the moment; `complete` once an incoming one has loaded everything. */
export interface AttachedStatus {
  state: "running" | "stopped" | "incoming" | "empty";
  complete?: boolean;
}

export const calls = [
  "status",
  "sizeBytes",
  "dirtied",
  "pending",
  "throttle",
  "precopy",
  "stop",
  "final",
  "resume",
  "abort",
  "commit",
  "load",
  "ready",
  "verify",
  "start",
  "discard",
  "shutdown",
] as const;

export type Call = (typeof calls)[number];

/** What the other side answered instead of a result, or why it cannot be asked. */
export class AttachError extends Error {
  override name = "AttachError";
  readonly code: string;
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** Any failure as the protocol's code and sentence. */
export function failureOf(error: unknown): { code: string; detail: string } {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "failed";
  return { code, detail: detail.slice(0, 4096) };
}

/** A line as an object; anything else is a `bad-message`. */
export function parseLine(line: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new AttachError("bad-message", "the line is not JSON");
  }
  if (!isObject(parsed)) throw new AttachError("bad-message", "the line is not a JSON object");
  return parsed;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
