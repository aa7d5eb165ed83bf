import type { Reason } from "../reason.ts";
import type { Attempt } from "./retry.ts";
import type { MaintenanceWindow } from "./window.ts";

/** Four priorities by name; any number between them will do. Higher goes first. */
export const priorities = { systemCritical: 1000, drain: 750, user: 500, balancing: 250 } as const;

/** All that the planner looks at: immutable, taken whole, so that every decision rests on one picture. The order within its lists says nothing. */
export interface FleetSnapshot {
  cluster: ClusterState;
  hosts: FleetHost[];
  running: RunningMove[];
  queued: QueuedMove[];
}

export interface ClusterState {
  /** Nothing starts; what runs goes on. */
  paused: boolean;
  /** How many may be in preparation, and how many may be on the move. */
  limits: { preparing: number; moving: number };
  /** What all migrations together may take; undefined: no such limit. */
  bytesPerSec: number | undefined;
  /** What one migration can send at the most, whatever the links carry; undefined where that is not known. */
  streamBytesPerSec: number | undefined;
}

export interface FleetHost {
  id: string;
  name: string;
  connected: boolean;
  /** Nothing starts from it or to it. */
  paused: boolean;
  /** Nothing starts to it. */
  cordoned: boolean;
  slots: { preparing: number; outgoing: number; incoming: number };
  /** What migrations may take of its link in either direction; undefined where nobody has said. */
  link: { outBytesPerSec: number | undefined; inBytesPerSec: number | undefined };
  /** Memory for guests that is free; what running migrations bring is still to be taken off. */
  freeBytes: number;
  /** The labels by which guests that live on it are to be kept apart from others. */
  keepsApart: string[];
  /** What else an attempt to come here rests on (its agent's session) as one text: another text is another attempt. */
  facts?: string | undefined;
}

/** What is the same of a migration whether it waits or runs. */
export interface Move {
  id: string;
  guestId: string;
  sourceId: string;
  priority: number;
  /** Whose it is: a drain, a person, a program. Within a priority those take turns. */
  group: string;
  memoryBytes: number;
  /** What it must have to converge; undefined where nothing is known of how the guest is written. */
  neededBytesPerSec: number | undefined;
  /** The most that it may take. */
  capBytesPerSec: number | undefined;
  /** It starts and switches over only while one of them is open; empty: at any time. */
  windows: MaintenanceWindow[];
  /** Guests with the same label are kept on different hosts. */
  keepApart: string | undefined;
}

export interface QueuedMove extends Move {
  /** Undefined: the planner looks for one. */
  destinationId: string | undefined;
  /** A drain brings its guest back: it may enter a host that is cordoned. */
  returns?: boolean | undefined;
  /** Hosts that were found fit for it; undefined: any. */
  mayGoTo?: readonly string[] | undefined;
  placement: "spread" | "pack";
  askedAt: number;
  notBefore: number | undefined;
  /** When it is to have ended. */
  deadlineAt: number | undefined;
  downtimeLimitMs: number;
  /** Whatever else an attempt rests on wherever it goes (policy, its source's session) as one text: another text is another attempt. */
  facts: string;
  /** Those that failed. */
  attempts: Attempt[];
  /** What is known to keep it from moving live at all. */
  blocked: Reason | undefined;
}

export interface RunningMove extends Move {
  destinationId: string;
  stage: "preparing" | "moving" | "switching";
  startedAt: number;
  /** Of the first pass and of what is left behind it. */
  leftBytes: number;
  /** What it was admitted with. */
  guaranteedBytesPerSec: number;
}
