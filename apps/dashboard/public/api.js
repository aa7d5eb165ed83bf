// @ts-check

/** @import { Problem } from "@godwit/contract" */

/** Requests to the API with the session's cookie, which scripts cannot read. */

const answerLimitMs = 10_000;
const triesAtMost = 3;
/** The `Date` header has whole seconds: less than this is no difference. */
const skewAtLeastMs = 2_000;

let skewMs = 0;

/** The orchestrator's time, by which its timestamps are read; the reader's clock may go wrong. */
export function now() {
  return Date.now() + skewMs;
}

/** The API refused, and said why. */
export class ApiError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Nobody answered, or not in time. */
export class UnreachableError extends Error {}

/**
 * @param {string} path
 * @param {{ limitMs?: number }} [options]
 * @returns {Promise<any>}
 */
export async function get(path, { limitMs = answerLimitMs } = {}) {
  return await send(path, { method: "GET" }, limitMs);
}

/**
 * A request whose answer was lost is sent again with the same key: the API carries it out once.
 *
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function post(path, body) {
  const headers = {
    "idempotency-key": newKey(),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const request = { method: "POST", headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(path, request, answerLimitMs);
    } catch (error) {
      if (!(error instanceof UnreachableError) || tries === triesAtMost) throw error;
    }
  }
}

/**
 * Every page of a list, up to a number of items.
 *
 * @param {string} path
 * @param {number} itemsAtMost
 * @returns {Promise<any[]>}
 */
export async function getAll(path, itemsAtMost) {
  const items = [];
  let cursor;
  do {
    const page = await get(`${path}?limit=200${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < itemsAtMost);
  return items;
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @param {number} limitMs
 */
async function send(path, request, limitMs) {
  const signal = AbortSignal.timeout(limitMs);
  try {
    const response = await fetch(path, { ...request, signal, credentials: "same-origin", cache: "no-store" });
    keepSkew(response.headers.get("date"));
    if (response.status === 204) return undefined;
    const body = await response.json();
    if (response.ok) return body;
    throw new ApiError(body);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new UnreachableError("The orchestrator does not answer.", { cause: error });
  }
}

/** @param {string | null} date */
function keepSkew(date) {
  const skew = date === null ? 0 : Date.parse(date) - Date.now();
  skewMs = Math.abs(skew) < skewAtLeastMs ? 0 : skew;
}

/** `crypto.randomUUID` is there only on pages that the browser holds to be secure. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, "0")).join("");
}
