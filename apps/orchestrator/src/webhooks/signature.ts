import { createHmac, randomBytes } from "node:crypto";

/**
 * Secrets and signatures of Standard Webhooks 1.0 (standardwebhooks.com): a secret is `whsec_` and the base64 of its bytes; what is signed
 * is `id.timestamp.body`.
 */

const prefix = "whsec_";
const secretBytes = 32;

export function newSecret(): string {
  return `${prefix}${randomBytes(secretBytes).toString("base64")}`;
}

export interface Signed {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The header's value: one signature a secret, so that a receiver that still has the former one can verify it too. */
export function signatures(signed: Signed, secrets: string[]): string {
  return secrets.map((secret) => `v1,${signatureOf(signed, secret)}`).join(" ");
}

function signatureOf({ id, timestamp, body }: Signed, secret: string): string {
  const key = Buffer.from(secret.slice(prefix.length), "base64");
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}
