import { randomBytes, timingSafeEqual } from "node:crypto";
import cookie from "@fastify/cookie";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { ProblemError } from "../problem.ts";
import type { Principal } from "./auth.ts";

const cookieName = "godwit_session";
const sessionPrincipalId = "session";
const sessionMs = 12 * 3_600_000;
const codeMs = 15 * 60_000;
const sessionsAtMost = 100;
/** What the page does, and no more: to fence a host or to make a token, one must be shown. */
const scopes: Principal["scopes"] = ["read", "operate", "policies:manage"];

/**
 * The page's way in: a one-time code, which the link that `godwit demo` prints carries in its fragment (so that it reaches no log), is
 * exchanged for an HttpOnly cookie. Sessions live in this process and end with it.
 */
export class Sessions {
  readonly #now: () => number;
  readonly #codes = new Map<string, number>();
  readonly #sessions = new Map<string, { until: number; principal: Principal }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  newCode(): string {
    const code = randomBytes(24).toString("base64url");
    this.#codes.set(code, this.#now() + codeMs);
    return code;
  }

  /** A code opens one session, once. */
  open(code: string): string | undefined {
    const found = [...this.#codes.keys()].find((known) => equal(known, code));
    const until = found === undefined ? undefined : this.#codes.get(found);
    if (found === undefined || until === undefined) return undefined;
    this.#codes.delete(found);
    if (until < this.#now()) return undefined;
    const id = randomBytes(32).toString("base64url");
    const oldest = this.#sessions.keys().next();
    if (this.#sessions.size >= sessionsAtMost && oldest.done !== true) this.#sessions.delete(oldest.value);
    this.#sessions.set(id, {
      until: this.#now() + sessionMs,
      principal: { id: sessionPrincipalId, name: "dashboard", role: "custom", scopes },
    });
    return id;
  }

  find(id: string | undefined): Principal | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    return session !== undefined && session.until > this.#now() ? session.principal : undefined;
  }

  close(id: string | undefined): void {
    if (id !== undefined) this.#sessions.delete(id);
  }
}

export async function cookies(app: FastifyInstance): Promise<void> {
  await app.register(cookie);
}

/** Who a cookie speaks for. A request that changes something must come from this very site: a cookie alone is no intent. */
export function fromCookie(request: FastifyRequest, sessions: Sessions): Principal | undefined {
  const principal = sessions.find(request.cookies[cookieName]);
  if (principal === undefined || request.method === "GET" || request.method === "HEAD") return principal;
  const site = request.headers["sec-fetch-site"];
  const { origin } = request.headers;
  const sameOrigin = origin === undefined ? site === "same-origin" : origin === `http://${request.headers.host ?? ""}`;
  return sameOrigin && (site === undefined || site === "same-origin") ? principal : undefined;
}

/** A stream that was begun in a session goes on only as long as that does. */
export function isStillAdmitted({ principal, cookies }: FastifyRequest, sessions: Sessions): boolean {
  return principal?.id !== sessionPrincipalId || sessions.find(cookies[cookieName]) !== undefined;
}

export function sessionRoutes(app: FastifyInstance, sessions: Sessions): void {
  const body = z.strictObject({ code: z.string().min(1).max(200) });
  app.post("/v1/session", { schema: { hide: true, body }, config: { open: true } }, async (request, reply) => {
    const id = sessions.open(body.parse(request.body).code);
    if (id === undefined)
      throw new ProblemError(
        "unauthenticated",
        "This link was used already or has expired; `godwit demo` prints a new one at each start.",
      );
    return await reply
      .setCookie(cookieName, id, { httpOnly: true, sameSite: "strict", path: "/", maxAge: sessionMs / 1000 })
      .code(204)
      .send();
  });
  app.delete("/v1/session", { schema: { hide: true } }, async (request, reply) => {
    sessions.close(request.cookies[cookieName]);
    return await reply.clearCookie(cookieName, { path: "/" }).code(204).send();
  });
}

function equal(known: string, shown: string): boolean {
  const [a, b] = [Buffer.from(known), Buffer.from(shown)];
  return a.length === b.length && timingSafeEqual(a, b);
}
