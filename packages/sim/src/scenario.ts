/**
 * What kind of trouble a scenario holds:
 * - `idle`: hardly written; `uniform`: all RAM written evenly; `hotcold`: a working set that may saturate the link;
 * - `bursty`: busy and quiet stretches of random length; `ramp`: grows or falls to another level; `periodic`: busy for a part of
 *   each period;
 * - `vfio-const`: a device with a fixed stop-only state; `vfio-learning`: one with initial bytes, dirty state, a stop-only state that
 *   shrinks once warm, and costly exact queries; `vhost-user-blob`: a state that grows slowly and may jump, which QEMU does not
 *   count; `many-devices`: two to eight of them, at times on a very large guest;
 * - `net-chaos`: contention, outages, a link that halves, recovers or starts slowly; `mismeasure`: mostly zero pages, a cap while
 *   the guest runs, or exact queries that cost a good part of the limit.
 */
export type Kind = (typeof kinds)[number];

/** The twelve kinds. Their order is part of the seed: a kind that is added goes to the end. */
export const kinds = [
  "idle",
  "uniform",
  "hotcold",
  "bursty",
  "ramp",
  "periodic",
  "vfio-const",
  "vfio-learning",
  "vhost-user-blob",
  "many-devices",
  "net-chaos",
  "mismeasure",
] as const;

/** One migration to be decided: plain data, so that a variant is a spread away. */
export interface Scenario {
  kind: Kind;
  seed: number;
  /** Zero pages included. */
  ramBytes: number;
  /** The downtime that the guest may see. */
  limitMs: number;
  /** From the start on; a migration that has not switched over by then has failed. */
  deadlineMs: number;
  /** What the link could carry at its very best, in bytes/s. */
  linkBytesPerSec: number;
  /** Cap while the guest runs; lifted at the switchover. */
  capBytesPerSec: number | undefined;
  /** The destination loads its devices side by side instead of one after the other. */
  parallelLoad: boolean;
  /** What an exact query is expected to cost; each one is within ±10 % of it. No byte is sent during one. */
  syncMs: number;
  known: Known;
  /** How busy the guest was in the ten minutes before, every 10 s, oldest first, relative to its own usual rate. */
  history: number[];
  devices: readonly Device[];
  hidden: Hidden;
}

/** What is known beforehand, from earlier migrations between the same hosts. */
export interface Known {
  /** Mean time to stop and to resume a guest. */
  stopResumeMs: number;
  rttMs: number;
  /** A guess at the link's mean, with an error of about 10 %. */
  priorBytesPerSec: number;
  /** What the link is promised to give at the switchover: 90 to 100 % of its mean. */
  reservedBytesPerSec: number;
}

/** Of the kinds only `vfio` is counted by QEMU's estimate of what is left. */
export type DeviceKind = "vfio" | "vhost-user" | "daemon";

export interface Device {
  name: string;
  kind: DeviceKind;
  declared: Declared;
  hidden: DeviceTruth;
}

/** What a device says of itself: its truth, with errors of 10 to 15 %. */
export interface Declared {
  saveMs: number;
  loadMs: number;
  /** How fast it can read its own state. */
  bytesPerSec: number;
  /** Its stop-only state may become smaller while the guest runs. */
  mayShrink: boolean;
}

/** What a device truly does; no rule may look at it. */
export interface DeviceTruth {
  saveMs: number;
  loadMs: number;
  /** `loadMs` is multiplied by it while initial bytes are left at the switchover. */
  coldLoadFactor: number;
  bytesPerSec: number;
  /** Must have moved before a switchover is worth trying; they can move while the guest runs. */
  initialBytes: number;
  /** The rate at which it dirties what has already moved, and how much it can have dirty at once. */
  dirtyBytesPerSec: number;
  dirtyCapBytes: number;
  stopOnly: StopOnly;
  /** An exact query finds stopOnly (1 + reportError sin(12.9898 n + reportPhase)) at the n-th query. */
  reportError: number;
  reportPhase: number;
}

/**
 * The bytes that can move only once the guest is stopped, over the time t in seconds since the start.
 * - `growing`: bytes + bytesPerSec t, and jumpBytes more after jumpAtSec.
 * - `learning`: fromBytes while cold; toBytes + (fromBytes - toBytes) exp(-u / tauSec) at u seconds after the device was first asked
 *   once its initial bytes had moved.
 */
export type StopOnly =
  | { shape: "growing"; bytes: number; bytesPerSec: number; jumpBytes: number; jumpAtSec: number }
  | { shape: "learning"; fromBytes: number; toBytes: number; tauSec: number };

/** A part of the RAM: every page of it is written `writesPerSec` times a second (Poisson), times the activity of the moment. */
export interface Region {
  bytes: number;
  writesPerSec: number;
}

/** What the scenario holds and no rule may look at. */
export interface Hidden {
  regions: readonly Region[];
  /** Factor on all write rates, one value per cell of 0.1 s from the start on. */
  activity: Float32Array;
  /** What the link can carry in bytes/s, one value per cell. */
  link: Float32Array;
  /** The mean of `link` before anything befalls it. */
  meanBytesPerSec: number;
  /** Never written; scanned in the first pass at `scanBytesPerSec`, once that share of all other bytes has been sent. */
  zeroBytes: number;
  zeroAfterShare: number;
  scanBytesPerSec: number;
  costs: Costs;
}

/** The fixed part of the downtime. */
export interface Costs {
  stopMs: number;
  resumeMs: number;
  rttMs: number;
  /** The last query, of the stopped guest, costs `syncMs` times this. */
  finalSyncFactor: number;
}
