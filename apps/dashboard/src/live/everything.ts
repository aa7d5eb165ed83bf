import type { Guest, Host, Migration, Overview } from "@godwit/contract";
import { get, getAll } from "../api/api.ts";

/** What every screen rests on. */
export interface Everything extends Places {
  /** The newest of them. */
  migrations: Migration[];
}

export interface Places {
  hosts: Host[];
  guests: Guest[];
  overview: Overview;
}

export const itemsAtMost = 1000;

export async function readEverything(): Promise<Everything> {
  const [{ items: migrations }, places] = await Promise.all([
    get<{ items: Migration[] }>("/v1/migrations?limit=100"),
    readPlaces(),
  ]);
  return { migrations, ...places };
}

/** Hosts, the guests on them, and how much there is of everything. */
export async function readPlaces(): Promise<Places> {
  const [hosts, guests, overview] = await Promise.all([
    getAll<Host>("/v1/hosts", itemsAtMost),
    getAll<Guest>("/v1/guests", itemsAtMost),
    get<Overview>("/v1/overview"),
  ]);
  return { hosts, guests, overview };
}
