import type { Problem } from "@godwit/contract";

/** Requests to the API with the session's cookie, which scripts cannot read. */

const answerLimitMs = 10_000;
const triesAtMost = 3;
/** The `Date` header has whole seconds: less than this is no difference. */
const skewAtLeastMs = 2_000;

let skewMs = 0;

/** The orchestrator's time, by which its timestamps are read; the reader's clock may go wrong. */
export function now(): number {
  return Date.now() + skewMs;
}

/** The API refused, and said why. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Nobody answered, or not in time. */
export class UnreachableError extends Error {}

interface Asked {
  limitMs?: number;
  headers?: Record<string, string>;
}

export async function get<Answer>(
  path: string,
  { limitMs = answerLimitMs, headers = {} }: Asked = {},
): Promise<Answer> {
  return await send<Answer>(path, { method: "GET", headers }, limitMs);
}

/** What it is now, with the `ETag` by which a change says what it changes. */
interface Tagged<Answer> {
  answer: Answer;
  etag: string;
}

export async function getTagged<Answer>(path: string, headers: Record<string, string> = {}): Promise<Tagged<Answer>> {
  let etag = "";
  const hear = (told: Headers) => {
    etag = told.get("etag") ?? "";
  };
  const answer: Answer = await send(path, { method: "GET", headers }, answerLimitMs, hear);
  return { answer, etag };
}

/** A request whose answer was lost is sent again with the same key: the API carries it out once. */
export async function post<Answer>(
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await repeated<Answer>(path, posted(body, { ...headers, "idempotency-key": newKey() }));
}

/**
 * What makes a secret. Its answer is kept nowhere, so that a key means nothing: sent again it would make another one.
 *
 * @throws UnreachableError where nobody knows whether one was made
 */
export async function postOnce<Answer>(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  try {
    return await send<Answer>(path, posted(body, headers), answerLimitMs);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const text = `${error.message} It may have been made all the same, with a secret that nobody has seen.`;
    throw new UnreachableError(text, { cause: error });
  }
}

/** A merge patch: the same one twice changes nothing more. */
export async function patch<Answer>(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await repeated<Answer>(path, {
    method: "PATCH",
    headers: { ...headers, ...json },
    body: JSON.stringify(body),
  });
}

export async function remove(path: string, headers: Record<string, string> = {}): Promise<void> {
  await send(path, { method: "DELETE", headers }, answerLimitMs);
}

/** Every page of a list, up to a number of items. */
export async function getAll<Item>(
  path: string,
  itemsAtMost: number,
  headers: Record<string, string> = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const next = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: Item[]; nextCursor?: string } = await get(`${path}?limit=200${next}`, { headers });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < itemsAtMost);
  return items;
}

/** What to say of a failure. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was found wrong at one place of what was sent (RFC 6901). */
export function wrongAt(error: unknown, pointer: string): string | undefined {
  const wrong = error instanceof ApiError ? error.problem.errors : undefined;
  return wrong?.find((each) => each.pointer === pointer)?.detail;
}

/** The same, also within what is at that place, such as one item of a list. */
export function wrongWithin(error: unknown, pointer: string): string | undefined {
  const wrong = error instanceof ApiError ? error.problem.errors : undefined;
  return wrong?.find((each) => `${each.pointer}/`.startsWith(`${pointer}/`))?.detail;
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.problem.status === 401;
}

const json = { "content-type": "application/json" };

function posted(body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { method: "POST", headers };
  return { method: "POST", headers: { ...headers, ...json }, body: JSON.stringify(body) };
}

async function repeated<Answer>(path: string, request: RequestInit): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send<Answer>(path, request, answerLimitMs);
    } catch (error) {
      if (!(error instanceof UnreachableError) || tries === triesAtMost) throw error;
    }
  }
}

async function send<Answer>(
  path: string,
  request: RequestInit,
  limitMs: number,
  hear: (headers: Headers) => void = () => {},
): Promise<Answer> {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const response = await fetch(path, { ...request, signal, credentials: "same-origin", cache: "no-store" });
    keepSkew(response.headers.get("date"));
    const body = response.status === 204 ? undefined : await response.json();
    hear(response.headers);
    if (response.ok) return body;
    throw new ApiError(body);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new UnreachableError("The orchestrator does not answer.", { cause: error });
  }
}

function keepSkew(date: string | null): void {
  const skew = date === null ? 0 : Date.parse(date) - Date.now();
  skewMs = Math.abs(skew) < skewAtLeastMs ? 0 : skew;
}

/** `crypto.randomUUID` is there only on pages that the browser holds to be secure. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, "0")).join("");
}
