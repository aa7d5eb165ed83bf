import type { Page, PageRequest } from "./store.ts";

/** One request that was to change something, or that somebody had not the scope for. */
export interface AuditRecord {
  id: string;
  createdAt: Date;
  /** Nobody who is known where it is left out. */
  who?: { id: string; name: string } | undefined;
  operation: string;
  target?: AuditTarget | undefined;
  reason?: string | undefined;
  /** Left out while it goes on, and for good where how it ended could not be written. */
  outcome?: AuditOutcome | undefined;
  requestId: string;
}

export interface AuditTarget {
  type: string;
  id?: string | undefined;
  name?: string | undefined;
}

/** The HTTP status, and the problem's code where it was refused. */
export interface AuditOutcome {
  status: number;
  code?: string | undefined;
}

export interface AuditFilter {
  /** An id or a name. */
  who?: string | undefined;
  /** An id or a name. */
  target?: string | undefined;
  since?: Date | undefined;
}

export interface Audit {
  add(record: AuditRecord): Promise<void>;
  /** How one that was added ended; with the target that it has by now, where that is told. */
  finish(id: string, outcome: AuditOutcome, target: AuditTarget | undefined): Promise<void>;
  list(page: PageRequest, filter?: AuditFilter): Promise<Page<AuditRecord>>;
  /**
   * Removes what is older than `before`, and all but the newest `keep`; of what nobody who is known has asked for all but the newest
   * `keepUnknown`, so that who has no token cannot crowd out the rest. Returns how many were removed.
   */
  prune(options: { before: Date; keep: number; keepUnknown: number }): Promise<number>;
}
