/** What the store's tests put in. Names and ids are new each time, so that tests over one store do not meet. */
import { randomUUID } from "node:crypto";
import type { GuestRecord, MigrationRecord, NewEvent, Page, PageRequest } from "../index.ts";

export function newGuest(given: Partial<GuestRecord> = {}): GuestRecord {
  const [id, name, createdAt] = [unique("id"), unique("guest"), second(0)];
  return { id, name, hostId: "a", epoch: 1, state: "running", definitions: {}, devices: [], createdAt, ...given };
}

export function newMigration({ endedAt, ...given }: Partial<MigrationRecord> = {}): MigrationRecord {
  const [id, guestId, createdAt] = [unique("id"), unique("guest"), second(0)];
  const made = { id, guestId, sourceId: "a", destinationId: "b", phase: "queued", version: 1, state: {}, createdAt };
  return { ...made, ...given, ...(endedAt && { endedAt }) };
}

export function commitOf({ id, version, phase, state }: MigrationRecord) {
  return { id, version, phase, state, events: [] };
}

export function news(given: Partial<NewEvent> = {}): NewEvent {
  return { type: "test", at: second(0), sentence: "It was so.", data: { n: 1 }, ...given };
}

export function unique(kind: string): string {
  return `${kind}-${randomUUID()}`;
}

/** In July, when clocks on summer time would differ, with milliseconds. */
export function second(count: number): Date {
  return new Date(Date.UTC(2026, 6, 1, 23, 45, count, 123));
}

export async function allPages<Item>(list: (page: PageRequest) => Promise<Page<Item>>, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}
