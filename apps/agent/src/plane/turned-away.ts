import type { Visit } from "@godwit/channel";
import { Seldom } from "@godwit/core";
import type { TurnedAway } from "./calls.ts";

const everyMs = 60_000;
const most = 100;

/**
 * Tells of those who dial this host's port and are not let in. Anybody can dial over and over: the same is told once in a while only, and
 * nothing that a stranger has made up gets further than a name of the protocol's own.
 */
export class DoorKeeper {
  readonly #told = new Seldom({ everyMs, most });
  readonly #isOpen: (migrationId: string) => boolean;
  readonly #tell: (visit: TurnedAway) => void;

  constructor(isOpen: (migrationId: string) => boolean, tell: (visit: TurnedAway) => void) {
    this.#isOpen = isOpen;
    this.#tell = tell;
  }

  turnedAway(visit: Visit): void {
    const migrationId = visit.migration !== undefined && this.#isOpen(visit.migration) ? visit.migration : undefined;
    const code = codeOfVisit(visit);
    const said = visit.frame ?? "connection";
    if (!this.#told.lets(JSON.stringify([migrationId, said, code]), performance.now())) return;
    this.#tell({ migrationId, said, code, detail: detailOfVisit(visit, migrationId) });
  }
}

/** To whoever watches over tickets it is one thing whether none was shown, a wrong one, or one of a migration that is not (any more). */
function codeOfVisit({ frame, error }: Visit): string {
  const isTicketless = frame !== undefined && error.code === "bad-hello";
  return isTicketless || error.code === "wrong-ticket" || error.code === "unknown-channel" ? "bad-ticket" : error.code;
}

function detailOfVisit({ error }: Visit, migrationId: string | undefined): string {
  if (error.code === "wrong-ticket") return "a connection showed a ticket that is not the migration's";
  if (error.code !== "unknown-channel") return error.message;
  return migrationId === undefined
    ? "a connection asked for a migration of which no channel is open here"
    : "a connection asked for a channel that the migration does not have";
}
