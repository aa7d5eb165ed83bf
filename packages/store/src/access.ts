import type { Json, JsonObject, NewEvent, Page, PageRequest } from "./store.ts";

/* Who may ask, and what was asked before. */

// Idempotency

export interface StoredResponse {
  status: number;
  headers: JsonObject;
  body: Json;
}

export type Claim =
  | { kind: "fresh" }
  | { kind: "replay"; response: StoredResponse }
  | { kind: "in-progress" }
  | { kind: "other-body" };

export interface Idempotency {
  /** Claims (principal, route, key) for this request, or says what became of the first one. Kept for 24 h. */
  claim(request: { principal: string; route: string; key: string; bodyHash: string; at: Date }): Promise<Claim>;
  finish(request: { principal: string; route: string; key: string; response: StoredResponse }): Promise<void>;
  /** Gives the key back: the request did not reach an outcome worth keeping (a 5xx). */
  abandon(request: { principal: string; route: string; key: string }): Promise<void>;
  /** After a restart nothing is in progress any more. */
  abandonAll(): Promise<void>;
}

// Tokens

export interface TokenRecord {
  /** The 8 characters by which a token is looked up. */
  id: string;
  name: string;
  /** Custom: what its scopes say. */
  role: "viewer" | "operator" | "admin" | "custom" | "agent";
  /** Of a role with scopes of its own, these come besides. */
  scopes: string[];
  /** SHA-256 of the secret, hexadecimal. */
  secretHash: string;
  createdAt: Date;
  expiresAt?: Date | undefined;
  lastUsedAt?: Date | undefined;
  revokedAt?: Date | undefined;
}

export interface Tokens {
  add(token: TokenRecord, events: NewEvent[]): Promise<void>;
  /** False where there is no such token, or it has been revoked before: then nothing changes. */
  revoke(id: string, at: Date, events: NewEvent[]): Promise<boolean>;
  list(page: PageRequest): Promise<Page<TokenRecord>>;
  find(id: string): Promise<TokenRecord | undefined>;
  touch(id: string, at: Date): Promise<void>;
}
