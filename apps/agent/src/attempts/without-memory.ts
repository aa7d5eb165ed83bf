import type { ToAgent } from "@godwit/contract";
import { regrantBeyond } from "@godwit/core";
import type { AgentParts } from "./parts.ts";

type ToSource = ToAgent & { type: "freeze" | "refuse" | "reclaim" | "discard" };
type ToDestination = ToAgent & { type: "grant" | "revoke" | "regrant" };

/** H1: what an agent without memory of the migration says rests on its journal alone. */
export async function withoutSourceAttempt(parts: AgentParts, message: ToSource): Promise<void> {
  const { guests, journal, tell } = parts;
  const { migrationId, guestId, epoch, type } = message;
  const guest = guests.owner(guestId);
  const ids = { migrationId, guestId, epoch };
  // The guest may have come back since: what was released then is gone all the same.
  const isGone = guest === undefined || guest.part.epoch > epoch;
  if (type === "discard" && isGone) return tell({ type: "discarded", ...ids });
  // One that is held is let run, or not, before anything else is said of it.
  if (guest === undefined || guest.held === true || type === "discard") return;
  if (type === "reclaim" && guest.part.epoch !== epoch) return;
  if (!guests.runs(guestId)) await guests.adopt(guestId);
  // Who cannot run it does not say that it keeps it: the other side may have a copy.
  if (!guests.runs(guestId)) return tell({ type: "spent", ...ids, exact: false, detail: guests.lossOf(guestId) });
  if (type === "reclaim") return tell({ type: "reclaimed", ...ids });
  if (guest.part.epoch === epoch - 1) await journal.append({ entry: "refused", ...ids });
  else if (guest.refusedEpoch !== epoch) return;
  const detail = "its agent has restarted and knows nothing of the migration";
  tell({ type: "refused", ...ids, code: "RESTARTED", detail });
}

/** A granted guest is owned, and after a restart it runs; anything less has been revoked when the agent restarted. */
export async function withoutDestinationAttempt(parts: AgentParts, message: ToDestination): Promise<void> {
  const { guests, tell } = parts;
  const { migrationId, guestId, epoch, type } = message;
  const granted = type === "regrant" ? epoch - regrantBeyond : epoch;
  const owned = guests.owner(guestId)?.part.epoch;
  if (owned === granted || owned === granted + regrantBeyond) return await tellOwned(parts, message, owned);
  if (owned !== undefined) return;
  if (type === "regrant") return tell({ type: "empty", migrationId, guestId, epoch });
  tell({
    type: "revoked",
    migrationId,
    guestId,
    epoch,
    whole: false,
    code: "RESTARTED",
    detail: "its agent has restarted; nothing is loaded any more",
  });
}

/** One that is owned and could not be taken up does not run: unless it is the last copy, that is for its host's operator to mend. */
async function tellOwned(parts: AgentParts, message: ToDestination, epoch: number): Promise<void> {
  const { guests, tell } = parts;
  const { type, migrationId, guestId } = message;
  if (!guests.runs(guestId) && type === "regrant") await guests.adopt(guestId);
  if (!guests.runs(guestId)) return;
  const statuses = guests.status(guestId);
  tell({ type: "running", migrationId, guestId, epoch, startedMs: undefined, devices: [], statuses });
}
