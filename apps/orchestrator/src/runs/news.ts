import type { FromAgent } from "@godwit/contract";
import { assertNever, type MigrationEvent, type Role } from "@godwit/core";

/** What an agent says of a migration. */
export type News = Extract<FromAgent, { migrationId: string }>;

/** As the core takes it, with the role in which it was said: only the host that has that role may say it. */
export function eventOf(message: News): { event: MigrationEvent; role: Role } {
  switch (message.type) {
    case "sourcePrepared":
      return { role: "source", event: { type: message.type, peers: message.peers } };
    case "report": {
      const { atMs, wireBytes, busyMs, rttMs = 0, devices, exact } = message;
      return {
        role: "source",
        event: { type: "report", observation: { atMs, wireBytes, busyMs, rttMs, devices, exact: false }, exact },
      };
    }
    case "declined":
    case "broken":
      return { role: message.role, event: message };
    case "aborted":
      return { role: message.role, event: { type: "abortDone", role: message.role } };
    case "frozen":
    case "released":
    case "refused":
    case "reclaimed":
    case "discarded":
      return { role: "source", event: message };
    case "destinationPrepared":
    case "loaded":
    case "running":
    case "revoked":
      return { role: "destination", event: message };
    default:
      return assertNever(message);
  }
}
