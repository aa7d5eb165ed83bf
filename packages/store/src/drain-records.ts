import type { JsonObject, NewEvent, Page, PageRequest } from "./store.ts";

/** The emptying of a host. */
export interface DrainRecord {
  id: string;
  hostId: string;
  phase: string;
  /** Grows by one with each commit. */
  version: number;
  /** The state of the decision core, whole, and what else its orchestrator keeps with it. */
  state: JsonObject;
  createdAt: Date;
  endedAt?: Date | undefined;
}

/** One decision on a drain, guarded by the version that it was made from. */
export interface DrainCommit {
  id: string;
  version: number;
  phase: string;
  state: JsonObject;
  /** Undefined: it goes on, or begins again. */
  endedAt?: Date | undefined;
  events: NewEvent[];
}

export interface Drains {
  /** A host has at most one drain that has not ended: a second one is `under-way`, by a unique index. */
  create(drain: DrainRecord, events: NewEvent[]): Promise<"created" | "under-way">;
  /** `stale` when the version has moved on, `under-way` when it would begin again beside another one of its host: nothing changes then. */
  commit(commit: DrainCommit): Promise<"committed" | "stale" | "under-way">;
  find(id: string): Promise<DrainRecord | undefined>;
  list(page: PageRequest, filter?: { hostId?: string | undefined }): Promise<Page<DrainRecord>>;
  /** Every drain that has not ended, oldest first. */
  active(): Promise<DrainRecord[]>;
}
