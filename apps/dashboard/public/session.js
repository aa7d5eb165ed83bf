// @ts-check
import { ApiError, get, post } from "./api.js";

/**
 * Comes in by the link's code, or by the cookie of a session that goes on. The code leaves the address bar before anything else happens,
 * and is kept nowhere.
 *
 * @returns {Promise<"in" | "used-link" | "no-session">}
 */
export async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) history.replaceState(undefined, "", location.pathname + location.search);
  const opened = code !== null && (await accepted(post("/v1/session", { code })));
  if (opened || (await hasSession())) return "in";
  return code === null ? "no-session" : "used-link";
}

/** Whether the cookie still speaks for somebody. */
async function hasSession() {
  return await accepted(get("/v1/version"));
}

/**
 * @param {Promise<unknown>} request
 * @returns {Promise<boolean>} false when it was refused for want of a session
 */
async function accepted(request) {
  try {
    await request;
    return true;
  } catch (error) {
    if (isSignedOut(error)) return false;
    throw error;
  }
}

/** @param {unknown} error */
export function isSignedOut(error) {
  return error instanceof ApiError && error.problem.status === 401;
}
