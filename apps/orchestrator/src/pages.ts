import type { ListQuery } from "@godwit/contract";
import { BadCursorError, type GuestRecord, type HostRecord, type Page, type Store } from "@godwit/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ProblemError } from "./problem.ts";

/** One page of a list, each item as the API shows it, with `Link: <…>; rel="next"` (RFC 8288) where there is another. */
export async function pageOf<Row, Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  read: (page: ListQuery) => Promise<Page<Row>>,
  show: (row: Row) => Item,
): Promise<{ items: Item[]; nextCursor?: string }> {
  // The route's schema has parsed the query into this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const query = request.query as ListQuery;
  const page = await read(query).catch((error: unknown) => {
    if (!(error instanceof BadCursorError)) throw error;
    throw new ProblemError("invalid-request", "The cursor is not one that this list gave.", {
      errors: [{ pointer: "/cursor", detail: "not a cursor of this list" }],
    });
  });
  const items = page.items.map(show);
  if (page.nextCursor === undefined) return { items };
  const next = new URL(request.url, "http://localhost");
  next.searchParams.set("cursor", page.nextCursor);
  void reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  return { items, nextCursor: page.nextCursor };
}

export async function allHosts(store: Pick<Store, "hosts">): Promise<HostRecord[]> {
  return await everyPage((cursor) => store.hosts.list({ limit: 200, cursor }));
}

export async function guestsOn(store: Store, hostId: string): Promise<GuestRecord[]> {
  return await everyPage((cursor) => store.guests.list({ limit: 200, cursor }, { hostId }));
}

async function everyPage<Item>(read: (cursor: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}
