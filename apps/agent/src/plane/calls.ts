import type { BackendInfo, Check, Needs, Pending } from "@godwit/backend";
import type { AbsentBackend, AgentAnswer, DirtyHistory } from "@godwit/contract";
import type { Failure } from "@godwit/core";
import type { SavePlace } from "./save-folder.ts";

/**
 * What the agent's main thread and its data plane say to each other. The plane owns the devices and the channels, in a worker of
 * its own, so that moving bytes never delays the conversation with the orchestrator; the main thread owns the words and the journal.
 */

export interface DeviceAddress {
  guestId: string;
  guestName: string;
  device: string;
  kind: string;
  config: Record<string, unknown>;
}

export interface DeviceStatus {
  name: string;
  kind: string;
  sizeBytes: number;
  endpoint?: string | undefined;
}

export interface PeerDevice {
  name: string;
  backend: BackendInfo;
  sizeBytes: number;
  needs?: Needs | undefined;
}

export interface PlaneOptions {
  host: string;
  listen: { host: string; port: number };
  serviceAddress: string;
  dataFolder: string;
  directories: string | undefined;
  /** Where to look for QEMU besides the host's own. */
  qemu: string | undefined;
  linkBytesPerSec: number | undefined;
  capacityBytes: number | undefined;
}

export interface OutgoingOrder {
  migrationId: string;
  guestId: string;
  devices: DeviceAddress[];
  ticket: string;
  capBytesPerSec: number | undefined;
  reportEveryMs: number;
}

/** A guest that runs here is to be written into a folder of this host. */
export interface SaveOrder {
  migrationId: string;
  guestId: string;
  guestName: string;
  host: string;
  /** At which it is to be released. */
  epoch: number;
  devices: DeviceAddress[];
  folder: string;
}

/** A guest is to be read from a save that this host sees. */
export interface RestoreOrder {
  migrationId: string;
  guestId: string;
  devices: DeviceAddress[];
  folder: string;
  saveId: string;
  /** The save is another guest's, of which this one is to be a copy. */
  ofAnother: boolean;
}

/** How a source may send while its guest runs. */
export interface Pace {
  /** The migration's own cap in bytes/s; `undefined` for none. */
  capBytesPerSec: number | undefined;
  /** Nothing is sent at all. */
  hold: boolean;
}

export interface IncomingOrder {
  migrationId: string;
  devices: DeviceAddress[];
  peers: PeerDevice[];
  ticket: string;
  from: { host: string; port: number };
}

export interface DeviceTimings {
  name: string;
  stopMs?: number;
  transferMs?: number;
  loadMs?: number;
  startMs?: number;
  digest?: string;
  /** All that was sent of the device, the final part included. */
  sentBytes?: number;
}

export interface Released {
  stoppedMs: number;
  rttMs: number;
  stoppedBytes: number;
  devices: DeviceTimings[];
}

export interface Started {
  startedMs: number;
  devices: DeviceTimings[];
  statuses: DeviceStatus[];
}

/** What the main thread asks of the plane. A rejection carries `code` where the back end gave one. */
export interface PlaneCalls {
  open(options: PlaneOptions): Promise<{ port: number; backends: BackendInfo[]; absent: AbsentBackend[] }>;
  /** Takes over what somebody else runs, where the configuration says so, for `create` to find; returns what makes its like. */
  adopt(device: DeviceAddress): Promise<Record<string, unknown>>;
  create(device: DeviceAddress): Promise<DeviceStatus>;
  attach(device: DeviceAddress): Promise<DeviceStatus>;
  /** Ends it; what was adopted here goes on, as it was before. */
  remove(device: DeviceAddress): Promise<void>;
  /** Of a device that runs here, as far as its back end can tell cheaply. */
  sizeOf(device: DeviceAddress): Promise<number>;
  /** What the destination has to know of a device that runs here, and what it would cost. */
  describe(device: DeviceAddress): Promise<PeerDevice & { pending: Pending }>;
  check(device: DeviceAddress, peer: PeerDevice): Promise<Check>;
  /** How a guest that runs here is written to, once that is known. */
  dirtyHistory(guestId: string): DirtyHistory | undefined;
  openOutgoing(order: OutgoingOrder): Promise<PeerDevice[]>;
  precopy(migrationId: string): void;
  exact(migrationId: string, sequence: number): void;
  /** From now on, also before `precopy`. A freeze ends the hold, and has a cap of its own. */
  pace(migrationId: string, pace: Pace): void;
  /** Has the guest's devices lose that share of their speed, those that can, until the freeze or the end of the migration. */
  throttle(migrationId: string, share: number): void;
  /** Stops every device and sends the rest, no faster than the cap (bytes/s); `stopped`, then `loaded` or `failed` follow as events. */
  freeze(migrationId: string, capBytesPerSec?: number): void;
  /** Hands the guest over on every channel and says what the stop has cost. */
  grant(migrationId: string, epoch: number): Promise<Released>;
  /** Undoes whatever was done for the migration: the guest runs here as before. */
  cancelOutgoing(migrationId: string): Promise<void>;
  commitOutgoing(migrationId: string): Promise<void>;
  /** Why the devices can run here no more; `undefined` where the state of every one is here still, running or not. */
  whyLost(devices: DeviceAddress[]): Promise<string | undefined>;
  /** For a guest that was released before the agent restarted: its frozen devices run again, or are destroyed. */
  reclaimFrozen(devices: DeviceAddress[]): Promise<void>;
  discardFrozen(devices: DeviceAddress[]): Promise<void>;
  openIncoming(order: IncomingOrder): Promise<void>;
  confirmLoaded(migrationId: string, epoch: number): void;
  /** Whether every device still has what was loaded and verified. */
  keeps(migrationId: string): Promise<boolean>;
  /** Rejects with `whole` where nothing had started, so that nothing had to be taken down again. */
  start(migrationId: string): Promise<Started>;
  /** Starts what was received and is the only copy: what does not start stays as it is, and may be tried again. */
  startKept(migrationId: string): Promise<Pick<Started, "statuses">>;
  dropIncoming(migrationId: string): Promise<void>;
  /** Clears away what a restart has left of a guest that was being received. */
  dropLeftovers(devices: DeviceAddress[]): Promise<void>;
  /** The guest runs on until `freeze`. @throws {SaveError} where the folder cannot be written, or a device cannot be saved */
  openSave(order: Omit<SaveOrder, "host">): Promise<void>;
  /** For a guest that was released into its folder before the agent restarted. @throws {SaveError} when the folder has not its name */
  placeSave(save: SavePlace): Promise<Pick<Released, "stoppedBytes">>;
  /** Removes what an attempt that came to nothing has written. */
  dropSave(save: SavePlace): Promise<void>;
  /** @throws {SaveError} where there is none */
  inspectSave(folder: string): Promise<AgentAnswer<"inspectSave">>;
  /** Could the guest be read from there? Without side effects. @throws with a code and the reason when not */
  checkRestore(order: RestoreOrder): Promise<void>;
  /** Verifies the save and loads every device; `received` or `failed` follow as events. */
  openRestore(order: RestoreOrder): void;
  close(): Promise<void>;
}

export interface ReportFigures {
  atMs: number;
  wireBytes: number;
  busyMs: number;
  rttMs: number | undefined;
  devices: { name: string; pending: Pending; rounds: number; sentBytes: number }[];
  /** The question that this answers, and how long the back ends took over it. */
  exact?: number;
  exactMs?: number;
}

/** Whoever dialled the host's port and was not let in; `said` is the frame that it came with. */
export interface TurnedAway {
  /** The migration whose channel it asked for, where that is open here. */
  migrationId: string | undefined;
  said: string;
  code: string;
  detail: string;
}

/** What the plane tells the main thread unasked. */
export interface PlaneNews {
  report(migrationId: string, figures: ReportFigures): void;
  stopped(migrationId: string): void;
  /** On the source: the destination has loaded every device, and all digests agree. */
  confirmed(migrationId: string): void;
  /** On the destination: every device has loaded and verified its state. */
  received(migrationId: string): void;
  granted(migrationId: string, epoch: number): void;
  failed(migrationId: string, role: "source" | "destination", failure: Failure): void;
  /** A device of a guest that runs here can serve no more, and neither can the guest. */
  lost(guestId: string, why: string): void;
  turnedAway(visit: TurnedAway): void;
}
