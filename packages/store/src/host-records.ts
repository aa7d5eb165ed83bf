import type { JsonObject, NewEvent, Page, PageRequest } from "./store.ts";

export interface HostRecord {
  id: string;
  name: string;
  /** What the agent said of itself with its last hello. */
  facts: JsonObject;
  lastSeenAt: Date;
  createdAt: Date;
  fenced?: Fence | undefined;
  cordoned?: HostMark | undefined;
  paused?: HostMark | undefined;
  /** As it was set, in bytes per second; what is undefined is left to the agent. */
  linkBudget?: LinkBudget | undefined;
}

/** That somebody has set a host apart. */
export interface HostMark {
  at: Date;
  by: string;
  reason?: string | undefined;
  /** The drain that did it. */
  drainId?: string | undefined;
}

export interface LinkBudget {
  outBytesPerSec?: number | undefined;
  inBytesPerSec?: number | undefined;
}

/** What is not named stays as it is; `null` takes it away. */
export interface HostSettings {
  cordoned?: HostMark | null;
  paused?: HostMark | null;
  linkBudget?: LinkBudget | null;
}

/** That a host is proven unable to run a guest, until it says hello again. */
export interface Fence {
  at: Date;
  by: string;
  reason: string;
  /** Where the fenced side may have run a guest after the other side's copy was taken, that older copy may run. */
  acceptOlderCopy: boolean;
}

export interface Hosts {
  /**
   * A host is known by its name: the first hello makes the record with `id`, later ones renew its facts. A fence ends with it.
   */
  seen(host: { id: string; name: string; facts: JsonObject; at: Date }): Promise<HostRecord>;
  touch(ids: string[], at: Date): Promise<void>;
  /** A later fence takes the place of an earlier one. */
  fence(host: Fence & { id: string }, events: NewEvent[]): Promise<void>;
  set(id: string, settings: HostSettings, events: NewEvent[]): Promise<void>;
  find(nameOrId: string): Promise<HostRecord | undefined>;
  list(page: PageRequest): Promise<Page<HostRecord>>;
}
