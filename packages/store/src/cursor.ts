/** Opaque cursors: base64url text that callers hand back unread. */
import { BadCursorError, type Page, type PageRequest } from "./store.ts";

/** A place in a list that runs newest first by (createdAt, id). */
export interface ListPlace {
  createdAt: Date;
  id: string;
}

/** A place in the feed of events: the transaction that wrote the event, then its order inside it. */
export interface FeedPlace {
  xid: bigint;
  id: bigint;
}

const latestTime = Date.UTC(9999, 11, 31);
const largestInteger = 2n ** 63n - 1n;

export function listCursor({ createdAt, id }: ListPlace): string {
  return encode(`${createdAt.getTime()} ${id}`);
}

export function parseListCursor(cursor: string): ListPlace {
  const match = /^(\d{1,15}) ([^\0]+)$/u.exec(decode(cursor));
  if (!match?.[1] || !match[2] || Number(match[1]) > latestTime) throw badCursor(cursor);
  return { createdAt: new Date(Number(match[1])), id: match[2] };
}

export function feedCursor({ xid, id }: FeedPlace): string {
  return encode(`${xid}.${id}`);
}

export function parseFeedCursor(cursor: string): FeedPlace {
  const match = /^(\d{1,19})\.(\d{1,19})$/.exec(decode(cursor));
  if (!match?.[1] || !match[2]) throw badCursor(cursor);
  const place = { xid: BigInt(match[1]), id: BigInt(match[2]) };
  if (place.xid > largestInteger || place.id > largestInteger) throw badCursor(cursor);
  return place;
}

/** The conditions, order and length by which Prisma finds a page and the one item that tells whether there is another. */
export function pageQuery({ limit, cursor }: PageRequest): {
  where: object;
  orderBy: [{ createdAt: "desc" }, { id: "desc" }];
  take: number;
} {
  return {
    where: cursor === undefined ? {} : before(parseListCursor(cursor)),
    orderBy: [{ createdAt: "desc" }, { id: "desc" }],
    take: limit + 1,
  };
}

/** The page out of what `pageQuery` found. */
export function pageOf<Item extends ListPlace>(found: Item[], { limit }: PageRequest): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, nextCursor: listCursor(last) } : { items };
}

/** Written so that the first condition alone bounds the scan of the index on (created_at, id). */
function before({ createdAt, id }: ListPlace): object {
  return { createdAt: { lte: createdAt }, OR: [{ createdAt: { lt: createdAt } }, { id: { lt: id } }] };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** Strict, where `Buffer.from` skips what is not base64url: the text must encode back to the same cursor. */
function decode(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  if (encode(text) !== cursor) throw badCursor(cursor);
  return text;
}

function badCursor(cursor: string): BadCursorError {
  return new BadCursorError(`"${cursor.slice(0, 40)}" is not a cursor of this store`);
}
