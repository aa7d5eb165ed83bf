import { get, isSignedOut, post } from "./api.ts";

/**
 * Comes in by the link's code, or by the cookie of a session that goes on. The code leaves the address bar before anything else happens,
 * and is kept nowhere.
 */
export async function enter(): Promise<"in" | "used-link" | "no-session"> {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) history.replaceState(undefined, "", location.pathname + location.search);
  const opened = code !== null && (await accepted(post("/v1/session", { code })));
  if (opened || (await accepted(get("/v1/version")))) return "in";
  return code === null ? "no-session" : "used-link";
}

/** False when it was refused for want of a session. */
async function accepted(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (isSignedOut(error)) return false;
    throw error;
  }
}
