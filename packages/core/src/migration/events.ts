import type { Observation } from "../convergence/observation.ts";
import type { Reason } from "../reason.ts";
import type { DirtyHistory } from "../outlook/dirty-history.ts";
import type { Learned } from "../learning/learned.ts";
import type { LimitsChange } from "./limits.ts";
import type { Share } from "./scheduling.ts";
import type { Named, Peer, Role, Timings } from "./state.ts";

/** All that can happen to a migration. `epoch` is always the one being handed over to. */
export type MigrationEvent =
  | { type: "admitted"; share?: Share | undefined; because?: Reason | undefined; placed?: Placed | undefined }
  | { type: "waits"; waitsFor: Reason; expectedStartAt?: number | undefined }
  /** The planner will never start it. */
  | { type: "denied"; because: Reason }
  /** What it may take of its links from now on; undefined: whatever they carry. */
  | { type: "shared"; bytesPerSec: number | undefined; reservedBytesPerSec: number | undefined; because: Reason }
  /** Its maintenance windows have shut, with the reason, or one is open. */
  | { type: "windowed"; shut: Reason | undefined }
  | { type: "cancel" }
  /** Somebody changes what it may cost. */
  | { type: "limitsChanged"; change: LimitsChange; by: string }
  /** Somebody wants it switched over, whatever the limit: at once, or at the next low. */
  | { type: "switchoverAsked"; at: "now" | "minimum"; by: string }
  | { type: "sourcePrepared"; peers: Peer[]; dirty?: DirtyHistory | undefined }
  | { type: "destinationPrepared" }
  | { type: "declined"; role: Role; code: string; detail: string; fix?: string | undefined }
  /** `exact` is the sequence of the question that it answers, `syncMs` what the answer cost. */
  | { type: "report"; observation: Omit<Observation, "exact">; exact?: number | undefined; syncMs?: number | undefined }
  /** `ofPeer`: the other side has said so of itself. */
  | { type: "broken"; role: Role; code: string; detail: string; ofPeer?: boolean | undefined }
  | { type: "frozen"; epoch: number }
  | { type: "loaded"; epoch: number }
  | {
      type: "released";
      epoch: number;
      /** Not known to a source that has restarted since. */
      stoppedMs?: number | undefined;
      rttMs: number;
      stoppedBytes: number;
      devices: DeviceTimings[];
    }
  | { type: "running"; epoch: number; startedMs?: number | undefined; devices: DeviceTimings[] }
  | { type: "refused"; epoch: number; code: string; detail: string; ofPeer?: boolean | undefined }
  /** `whole`: what the destination keeps could be run. */
  | { type: "revoked"; epoch: number; whole: boolean; code: string; detail: string }
  /** The destination has no whole copy to be run at this epoch. */
  | { type: "empty"; epoch: number }
  | { type: "reclaimed"; epoch: number }
  /** The source has nothing left that could run. `exact`: nor has it run the guest since the stop. `detail`: what has ended. */
  | { type: "spent"; epoch: number; exact: boolean; detail?: string | undefined }
  | { type: "discarded"; epoch: number }
  | { type: "abortDone"; role: Role }
  /** A host is proven unable to run the guest, by whom and why: what it has not said it will never say. */
  | { type: "fenced"; role: Role; by: string; reason: string; acceptOlderCopy: boolean }
  /** Somebody lets a copy run that may be older than what a fenced side has served. */
  | { type: "olderCopyAccepted"; by: string }
  /**
   * An agent (re)connected. `attempt` is where its part stands; undefined when it knows nothing of this migration. `lost`: why the guest,
   * which it owns, can run there no more.
   */
  | { type: "connected"; role: Role; attempt: string | undefined; lost?: string | undefined }
  | { type: "tick" };

/** Where the planner takes it, with what is known of the way there. */
export interface Placed {
  destination: Named;
  linkBytesPerSec: number | undefined;
  learned: Learned | undefined;
}

export interface DeviceTimings extends Timings {
  name: string;
  digest?: string | undefined;
  /** All that was sent of it, the final part included. */
  sentBytes?: number | undefined;
}

/** What an agent is told. The shell adds what is not a decision: definitions, addresses, tickets. */
export type Command =
  | { type: "prepareSource"; epoch: number }
  | { type: "prepareDestination"; epoch: number; peers: Peer[] }
  | { type: "precopy" }
  | { type: "pace"; bandwidthBytesPerSec?: number | undefined; hold: boolean }
  | { type: "throttle"; share: number }
  | { type: "exact"; sequence: number }
  /**
   * Beyond `limitMs` the orchestrator asks for a refusal; the source goes by it when it refuses by itself. Its own cap is lifted; what the
   * links on its way carry (bytes/s) is not exceeded.
   */
  | { type: "freeze"; epoch: number; limitMs: number; bandwidthBytesPerSec?: number | undefined }
  | { type: "refuse"; epoch: number }
  | { type: "grant"; epoch: number }
  | { type: "revoke"; epoch: number }
  | { type: "reclaim"; epoch: number }
  | { type: "regrant"; epoch: number }
  | { type: "discard"; epoch: number }
  /** The guest is owned elsewhere at this epoch: what a lower one has left is to go. */
  | { type: "disown"; epoch: number }
  | { type: "abort" };

/** Every effect is safe to repeat. */
export interface Send {
  to: Role;
  command: Command;
}

/** What is kept of a step for people: it becomes an event of the API. */
export interface Notice {
  type: "migration.phase" | "migration.verdict" | "migration.decision" | "migration.changed" | "migration.share";
  sentence: string;
  data: Record<string, string | number | boolean>;
}

/** A step with effects or notices is stored before its effects are performed; one without them need not be. */
export interface Step<State> {
  state: State;
  effects: Send[];
  notices: Notice[];
}
