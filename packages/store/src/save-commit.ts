import type { GuestRecord, JsonObject, Placement } from "./store.ts";

/** One decision on a guest's way into a folder or out of one. */
export interface SaveCommit {
  guestId: string;
  /** Undefined: it is on no such way any more. */
  save: JsonObject | undefined;
  /** The first one of a way, of the guest as it was seen: nothing is written otherwise, or while a migration of it has not ended. */
  seen?: Pick<GuestRecord, "epoch" | "state"> | undefined;
  placement?: Omit<Placement, "guestId"> | undefined;
}
