import { createHash, randomInt } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Store, TokenRecord } from "@godwit/store";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const form = /^gdw_([0-9A-Za-z]{8})_([0-9A-Za-z]{32})_([0-9A-Za-z]{6})$/;

/** `gdw_<id 8>_<secret 32>_<check 6>`, base 62. The check tells a mistyped token from a wrong one without asking anybody. */
export function parseToken(text: string): { id: string; secret: string } | undefined {
  const [, id, secret, check] = form.exec(text) ?? [];
  if (id === undefined || secret === undefined || check !== checkOf(id, secret)) return undefined;
  return { id, secret };
}

/** A new token: its text, to be told once, and what is stored of it, which is the SHA-256 of the secret only. */
export function newToken(): { text: string; id: string; secretHash: string } {
  const [id, secret] = [randomText(8), randomText(32)];
  const secretHash = createHash("sha256").update(secret).digest("hex");
  return { text: `gdw_${id}_${secret}_${checkOf(id, secret)}`, id, secretHash };
}

export function isUsable({ revokedAt, expiresAt }: TokenRecord, now: Date): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}

/** The token of a role in its file (mode 0600), made if the file is not there or its token opens nothing in this store. */
export async function ensureTokenFile(store: Store, path: string, role: "admin" | "agent", now: Date): Promise<void> {
  const known = parseToken((await readFile(path, "utf8").catch(() => "")).trim());
  const found = known === undefined ? undefined : await store.tokens.find(known.id);
  if (found !== undefined && isUsable(found, now)) return;
  const { text, id, secretHash } = newToken();
  const name = `${role}, made at the first start`;
  await store.tokens.add({ id, name, role, scopes: [], secretHash, createdAt: now }, []);
  await writeFile(`${path}.new`, `${text}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function checkOf(id: string, secret: string): string {
  return base62(crc32(`${id}${secret}`)).padStart(6, "0");
}

function base62(value: number): string {
  const digit = alphabet[value % 62] ?? "";
  return value < 62 ? digit : base62(Math.floor(value / 62)) + digit;
}

function randomText(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(62)]).join("");
}
