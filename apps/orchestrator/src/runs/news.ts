import type { FromAgent, PeerDevice } from "@godwit/contract";
import { assertNever, type MigrationEvent, type Peer, type Role } from "@godwit/core";

/** What an agent says of a migration. */
export type News = Exclude<Extract<FromAgent, { migrationId: string }>, { type: "misplaced" }>;

/** As the core takes it, with the role in which it was said: only the host that has that role may say it. */
export function eventOf(message: News): { event: MigrationEvent; role: Role } {
  switch (message.type) {
    case "sourcePrepared":
      return {
        role: "source",
        event: { type: message.type, peers: message.peers.map(peerOf), dirty: message.dirty },
      };
    case "report": {
      const { atMs, wireBytes, busyMs, rttMs = 0, devices, exact, exactMs } = message;
      const observation = { atMs, wireBytes, busyMs, rttMs, devices };
      return { role: "source", event: { type: "report", observation, exact, syncMs: exactMs } };
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
    case "spent":
    case "discarded":
      return { role: "source", event: message };
    case "destinationPrepared":
    case "loaded":
    case "running":
    case "revoked":
    case "empty":
      return { role: "destination", event: message };
    default:
      return assertNever(message);
  }
}

function peerOf(peer: PeerDevice): Peer {
  return { ...peer, canThrottle: peer.backend.can.throttle };
}
