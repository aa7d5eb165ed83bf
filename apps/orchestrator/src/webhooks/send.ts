import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { once } from "node:events";
import { refusalOfAddress } from "./addresses.ts";
import { bare, isThisMachine } from "./receivers.ts";

export interface Letter {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export type Answered = { status: number; retryAfterMs?: number | undefined; failure?: string } | { failure: string };

export interface Sending {
  /** From the first step until the answer's status. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Finds every address of a name. */
  resolve?: Resolve;
}
export type Resolve = (
  hostname: string,
  options: { all: true },
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** A receiver's answer is of no interest beyond its status; what is more of it is not read. */
const answerReadBytes = 65_536;
const failureMostCharacters = 300;

/**
 * One attempt, on a connection of its own. It is made to an address that was looked at, so that a name cannot come to mean another one in
 * between; redirects are not followed. Whatever goes wrong is an answer too.
 */
export async function sendOnce(letter: Letter, sending: Sending): Promise<Answered> {
  const limit = AbortSignal.timeout(sending.timeoutMs);
  try {
    return await attempt(letter, sending, AbortSignal.any([limit, sending.signal]));
  } catch (error) {
    if (limit.aborted) return { failure: `no answer within ${sending.timeoutMs / 1000} s` };
    return { failure: messageOf(error).slice(0, failureMostCharacters) };
  }
}

async function attempt({ url, headers, body }: Letter, sending: Sending, signal: AbortSignal): Promise<Answered> {
  const { protocol, hostname } = new URL(url);
  const may = { loopback: isThisMachine(hostname) };
  const address = bare(hostname);
  const refusal = isIP(address) === 0 ? undefined : refusalOfAddress(address, may);
  if (refusal !== undefined) return { failure: refusal };
  const options = {
    method: "POST",
    headers,
    agent: false,
    lookup: guarded(sending.resolve ?? systemLookup, may),
    signal,
  };
  const sent = protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
  sent.end(body);
  const response = await answerTo(sent);
  const answered = answerOf(response);
  await readAway(response);
  return answered;
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const answer = new Promise<IncomingMessage>((resolve) => sent.once("response", resolve));
  // `once` rejects with the request's error; an answer is no event of its own name then.
  const failed = once(sent, "close").then(() => {
    throw new Error("the connection was closed without an answer");
  });
  failed.catch(() => undefined);
  return await Promise.race([answer, failed]);
}

function answerOf({ statusCode: status = 0, headers }: IncomingMessage): Answered {
  if (status >= 300 && status < 400) return { status, failure: "it answers with a redirect, which is not followed" };
  return { status, retryAfterMs: retryAfterIn(headers["retry-after"], Date.now()) };
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterIn(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** A receiver that is still writing when it is hung up on may take that for a failure. What breaks here changes nothing any more. */
async function readAway(response: IncomingMessage): Promise<void> {
  let read = 0;
  try {
    // Without an encoding it is read as bytes.
    const chunks: AsyncIterable<Buffer> = response;
    for await (const { byteLength } of chunks) {
      read += byteLength;
      if (read > answerReadBytes) return;
    }
  } catch {
    // The status has been told.
  }
}

/** Looks at every address of a name before any is used: one that is refused spoils the name. */
function guarded(resolve: Resolve, may: { loopback: boolean }): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return done(error ?? new Error(`${hostname} has no address`), "");
      const refusal = addresses.map(({ address }) => refusalOfAddress(address, may)).find((each) => each !== undefined);
      if (refusal !== undefined) return done(new Error(`${hostname} is refused: ${refusal}`), "");
      return options.all === true ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}

/** When all of a name's addresses fail there is an error for each, and none for the whole. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
