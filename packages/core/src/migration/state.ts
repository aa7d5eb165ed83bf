import type { Consideration } from "../convergence/consider.ts";
import type { Forecast } from "../convergence/forecast.ts";
import type { Pending } from "../convergence/observation.ts";
import type { MsRange, Verdict } from "../convergence/verdict.ts";
import type { DirtyHistory } from "../outlook/dirty-history.ts";
import type { Learned } from "../learning/learned.ts";
import type { Reason } from "../reason.ts";
import type { Limits } from "./limits.ts";
import type { Scheduling, Share } from "./scheduling.ts";

/** The format of the stored state; a stored state of another version is refused, never guessed at. */
export const migrationStateVersion = 2;

export type Role = "source" | "destination";

export interface Named {
  id: string;
  name: string;
}

/** What is fixed when a migration is asked for. */
export interface Facts {
  id: string;
  guest: Named;
  source: Named;
  destination: Named;
  devices: { name: string; kind: string; version?: string | undefined }[];
  /** The epoch at which the source owns the guest; the migration hands over the next one. */
  epoch: number;
  /** The policy that the limits came from. */
  policy?: string | undefined;
  /** What earlier migrations have taught of the way and of the devices' back ends. */
  learned?: Learned | undefined;
  /** The lesser of what the two hosts allow for migrations, in bytes/s, where either says so. */
  linkBytesPerSec?: number | undefined;
  /** A drain brings the guest back: it may enter a host that is cordoned. */
  returns?: boolean | undefined;
  /** Absent of what was stored before there was any. */
  scheduling?: Scheduling | undefined;
  /** The secret that the destination shows at the source's port. */
  ticket: string;
  createdAt: number;
}

/** What the source said of a device: handed on to the destination as it came. */
export interface Peer {
  name: string;
  sizeBytes: number;
  /** Its back end can slow the device down. */
  canThrottle?: boolean | undefined;
  /** What it said of its back end; no decision here rests on it. */
  backend?: unknown;
  /** What it said that the device's state needs; no decision here rests on it either. */
  needs?: unknown;
}

/** How fast the source may send while the guest runs. */
export interface Pace {
  bandwidthBytesPerSec?: number | undefined;
  /** Nothing at all. */
  hold: boolean;
}

export interface Timings {
  stopMs?: number | undefined;
  transferMs?: number | undefined;
  loadMs?: number | undefined;
  startMs?: number | undefined;
}

export interface DeviceProgress {
  name: string;
  kind: string;
  pending?: Pending | undefined;
  rounds: number;
  sentBytes: number;
  digest?: string | undefined;
  timings?: Timings | undefined;
  /** What is written anew, and what it alone would take of the switchover. */
  dirtyBytesPerSec?: number | undefined;
  predictedMs?: number | undefined;
  /** From where the next rate is reckoned: pending and sent together at that time of the source's. */
  since?: { atMs: number; bytes: number } | undefined;
}

/** How far it has come, for people; no decision rests on it. */
export interface Course {
  devices: DeviceProgress[];
  wireBytes: number;
  bytesPerSec?: number | undefined;
  /** What was measured of it, once that was enough to learn from. */
  measuredBytesPerSec?: number | undefined;
  dirtyBytesPerSec?: number | undefined;
  predicted?: Forecast | undefined;
  eta?: MsRange | undefined;
  startedAt?: number | undefined;
  precopyAt?: number | undefined;
  switchoverAt?: number | undefined;
}

interface Base {
  version: typeof migrationStateVersion;
  facts: Facts;
  /** They may be changed while it is under way, by people and by remedies. */
  limits: Limits;
  course: Course;
  /** From the admission on. */
  share?: Share | undefined;
  /** Its maintenance windows are shut: the planner holds it at the brink. */
  windowShut?: Reason | undefined;
}

export interface Queued extends Base {
  phase: "queued";
  waitsFor?: Reason | undefined;
  /** When its turn should come, where that can be told. */
  expectedStartAt?: number | undefined;
}

export interface Preflight extends Base {
  phase: "preflight";
  since: number;
  /** Undefined until the source has answered. */
  peers?: Peer[] | undefined;
  /** How the guest was written before, where the source can tell. */
  dirty?: DirtyHistory | undefined;
  asked: number;
}

export interface Precopy extends Base {
  phase: "precopy";
  consideration: Consideration;
  canThrottle: boolean;
  /** A remedy has slowed the guest down: that it runs at its full speed again is told until it is over, like any throttle. */
  throttled?: true | undefined;
  dirty?: DirtyHistory | undefined;
  /** What the source was last told of how fast it may send while the guest runs. */
  pace: Pace;
  verdict: Verdict;
  verdictSince: number;
  /** The question for exact figures that has no answer yet. */
  exact: { sequence: number; askedAt: number; open: boolean };
  heardAt: number;
}

/** What proves that a host can run the guest no more, and whether an older copy may be run in its place. */
export interface Fence {
  by: string;
  reason: string;
  acceptOlderCopy: boolean;
  /** The host itself has said that it has nothing to run, and what its journal makes it: it can be told to clear that away. */
  bySelf?: "released" | "owner" | undefined;
  /** It is back, too late to run anything: it can be told to clear away what it has. */
  isBack?: true | undefined;
}

/**
 * `freezing`: the source stops, sends and releases, or refuses. `refusing`: it is asked to keep the guest. `granting`: it has
 * released; the destination is to run. `reclaiming`: the destination has revoked or is fenced; the source is to run again. With the
 * source fenced, `revoking`: the destination is asked what it has; `regranting`: it is to run its copy. `undecided`: one side is fenced
 * and may have run the guest after the other's copy was taken; it waits for somebody who accepts that, or for the fenced host.
 */
export interface Switchover extends Base {
  phase: "switchover";
  stage: "freezing" | "refusing" | "granting" | "reclaiming" | "revoking" | "regranting" | "undecided";
  fenced?: Partial<Record<Role, Fence>> | undefined;
  /** The source was asked to take the guest back: it may have run since, even if it is not heard. */
  reclaimed?: true | undefined;
  verdict: Verdict;
  verdictSince: number;
  askedAt: number;
  /** When the stage began. */
  since: number;
  /** Why the guest is not to move after all. */
  cause?: Ending | undefined;
  released?: { stoppedMs: number; rttMs: number; stoppedBytes: number } | undefined;
  /** What each side last said of itself, and when. */
  heard: Partial<Record<Role, { said: string; at: number }>>;
}

/** How it ended, and what is still to be cleared away on the hosts. */
export interface Ended extends Base {
  phase: "completed" | "aborted" | "failed" | "lost";
  reason: Reason;
  verdict?: Verdict | undefined;
  verdictSince?: number | undefined;
  endedAt: number;
  downtimeMs?: number | undefined;
  released?: Switchover["released"];
  startedMs?: number | undefined;
  fenced?: Switchover["fenced"];
  /** The epoch and the role of the owner at the end. Of a lost guest, who may still own it at the highest epoch. */
  owner: { role: Role; epoch: number };
  owes: Role[];
  askedAt: number;
}

export type Migration = Queued | Preflight | Precopy | Switchover | Ended;

/**
 * Aborted: it was decided or refused; failed: something broke. In both the source owns the guest. Lost: no host that is known to be
 * able to run it has a whole copy of the guest.
 */
export interface Ending {
  phase: "aborted" | "failed" | "lost";
  reason: Reason;
}

const endedPhases: readonly string[] = ["completed", "aborted", "failed", "lost"] satisfies Ended["phase"][];

export function isEnded(state: Migration): state is Ended {
  return endedPhases.includes(state.phase);
}

/** What goes along from phase to phase. */
export function carried({ version, facts, limits, course, share, windowShut }: Migration): Base {
  return { version, facts, limits, course, share, windowShut };
}

/** The state of a migration that has just been asked for. */
export function queued(facts: Facts, limits: Limits): Queued {
  const devices = facts.devices.map((device) => ({ ...device, rounds: 0, sentBytes: 0 }));
  return { version: migrationStateVersion, phase: "queued", facts, limits, course: { devices, wireBytes: 0 } };
}
