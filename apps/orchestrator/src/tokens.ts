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

/**
 * The token of a role in its file (mode 0600), made if the file is not there or its token is not known to this store. The store
 * keeps the SHA-256 of the secret only.
 */
export async function ensureTokenFile(store: Store, path: string, role: TokenRecord["role"], now: Date): Promise<void> {
  const known = parseToken((await readFile(path, "utf8").catch(() => "")).trim());
  if (known !== undefined && (await store.tokens.find(known.id)) !== undefined) return;
  const id = randomText(8);
  const secret = randomText(32);
  const secretHash = createHash("sha256").update(secret).digest("hex");
  await store.tokens.add({ id, name: `${role}, made at the first start`, role, secretHash, createdAt: now });
  await writeFile(`${path}.new`, `gdw_${id}_${secret}_${checkOf(id, secret)}\n`, { mode: 0o600 });
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
