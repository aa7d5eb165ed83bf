import type { MigrationEvent } from "../src/migration/events.ts";
import type { Migration, Role } from "../src/migration/state.ts";
import { queued } from "../src/migration/state.ts";
import { step } from "../src/migration/step.ts";
import { GB, MB, device, seen } from "./figures.ts";
import { facts, precopy, switchover } from "./facts.ts";
import { ownedEpoch } from "./hosts.ts";
import { plainLimits } from "./policies.ts";

const epoch = ownedEpoch + 1;
const failure = { code: "BROKEN", detail: "a disk failed." };
const ram = { rounds: 1, sentBytes: GB };
const measured = { wireBytes: GB, busyMs: 1_000 };

/** Two gigabytes are written within a second, always, and the link carries one. */
const outrun = { everyMs: 10_000, bytesPerSec: [2 * GB, 2 * GB, 2 * GB], curve: [{ overMs: 1_000, bytes: 2 * GB }] };

const whole = { code: "SHARE", sentence: "It has what the others leave.", inputs: {} };

/** Every kind of event, once for each thing that may be made of it. */
export const events: Record<string, MigrationEvent> = {
  admitted: { type: "admitted" },
  waits: { type: "waits", waitsFor: { code: "SLOTS_TAKEN", sentence: "It waits for a slot.", inputs: {} } },
  denied: { type: "denied", because: { code: "CANNOT_CONVERGE", sentence: "It cannot move live.", inputs: {} } },
  shared: shared(400 * MB),
  "shared, stepping back": shared(0),
  "window shut": { type: "windowed", shut: { code: "WINDOW_SHUT", sentence: "It is shut.", inputs: {} } },
  cancel: { type: "cancel" },
  "limits changed": { type: "limitsChanged", change: { bandwidthBytesPerSec: 500 * MB }, by: "ann" },
  "limits changed to the same": { type: "limitsChanged", change: { downtimeLimitMs: 300 }, by: "ann" },
  "deadline moved before now": { type: "limitsChanged", change: { deadlineMs: 50 }, by: "ann" },
  "switchover asked now": { type: "switchoverAsked", at: "now", by: "ann" },
  "switchover asked at the minimum": { type: "switchoverAsked", at: "minimum", by: "ann" },
  sourcePrepared: { type: "sourcePrepared", peers: [{ name: "ram", sizeBytes: GB }] },
  "sourcePrepared, outrun": { type: "sourcePrepared", peers: [{ name: "ram", sizeBytes: GB }], dirty: outrun },
  destinationPrepared: { type: "destinationPrepared" },
  "source declined": { type: "declined", role: "source", ...failure },
  "destination declined": { type: "declined", role: "destination", ...failure, fix: "Make room." },
  "report far": report(5 * GB),
  "report near": report(MB),
  "report exact": report(MB, 1),
  "report hopeless": report(0, 1, 5 * GB),
  "report without a device": { type: "report", observation: seen({ ...measured, devices: [] }), exact: 1, syncMs: 1 },
  "source broken": { type: "broken", role: "source", ...failure },
  "destination broken": { type: "broken", role: "destination", ...failure },
  "source broken, as the destination said": { type: "broken", role: "source", ...failure, ofPeer: true },
  "destination broken, as the source said": { type: "broken", role: "destination", ...failure, ofPeer: true },
  frozen: { type: "frozen", epoch },
  loaded: { type: "loaded", epoch },
  released: {
    type: "released",
    epoch,
    stoppedMs: 40,
    rttMs: 1,
    stoppedBytes: MB,
    devices: [{ name: "ram", stopMs: 3 }],
  },
  running: { type: "running", epoch, startedMs: 5, devices: [{ name: "ram", loadMs: 2, digest: "ab" }] },
  refused: { type: "refused", epoch, ...failure },
  revoked: { type: "revoked", epoch, whole: false, ...failure },
  "revoked, whole": { type: "revoked", epoch, whole: true, ...failure },
  empty: { type: "empty", epoch: epoch + 2 },
  "running, regranted": { type: "running", epoch: epoch + 2, startedMs: 5, devices: [] },
  reclaimed: { type: "reclaimed", epoch: epoch + 1 },
  discarded: { type: "discarded", epoch },
  "source abortDone": { type: "abortDone", role: "source" },
  "destination abortDone": { type: "abortDone", role: "destination" },
  "source connected": { type: "connected", role: "source", attempt: "owns" },
  "source restarted": { type: "connected", role: "source", attempt: undefined },
  "source restarted, the guest lost": {
    type: "connected",
    role: "source",
    attempt: undefined,
    lost: "its QEMU has ended",
  },
  "destination connected": { type: "connected", role: "destination", attempt: "reserved" },
  "destination restarted": { type: "connected", role: "destination", attempt: undefined },
  "destination has revoked": { type: "connected", role: "destination", attempt: "revoked" },
  "source fenced": fenced("source", false),
  "source fenced, an older copy accepted": fenced("source", true),
  "destination fenced": fenced("destination", false),
  "destination fenced, an older copy accepted": fenced("destination", true),
  "older copy accepted": { type: "olderCopyAccepted", by: "ann" },
  "source spent": { type: "spent", epoch, exact: false },
  "source spent, released": { type: "spent", epoch: epoch + 1, exact: true },
  tick: { type: "tick" },
};

const at = step(queued(facts, plainLimits), { type: "admitted" }, 0).state;
const { state: prepared } = step(at, { type: "sourcePrepared", peers: [] }, 0);

function after(state: Migration, ...happened: MigrationEvent[]): Migration {
  return happened.reduce((before, event) => step(before, event, 0).state, state);
}

/** A migration in every phase, and in every stage of the switchover. */
export const states: Record<string, Migration> = {
  queued: queued(facts, plainLimits),
  "preflight, source asked": at,
  "preflight, destination asked": prepared,
  precopy,
  "precopy, held": { ...precopy, limits: { ...plainLimits, hold: true } },
  "precopy, to be switched over": step(precopy, { type: "switchoverAsked", at: "now", by: "ann" }, 0).state,
  freezing: switchover("freezing"),
  refusing: switchover("refusing"),
  granting: switchover("granting"),
  reclaiming: switchover("reclaiming"),
  revoking: after(switchover("freezing"), fenced("source", false)),
  regranting: after(switchover("granting"), fenced("source", false)),
  "undecided, source fenced": after(switchover("freezing"), fenced("source", false), {
    type: "revoked",
    epoch,
    whole: true,
    ...failure,
  }),
  "undecided, destination fenced": after(switchover("granting"), fenced("destination", false)),
  lost: after(precopy, fenced("source", false)),
  completed: step(switchover("granting"), { type: "running", epoch, devices: [] }, 0).state,
  aborted: step(precopy, { type: "cancel" }, 0).state,
  failed: step(switchover("refusing"), { type: "refused", epoch, ...failure }, 0).state,
};

function shared(bytesPerSec: number): MigrationEvent {
  return { type: "shared", bytesPerSec, reservedBytesPerSec: GB, because: whole };
}

function fenced(role: Role, acceptOlderCopy: boolean): MigrationEvent {
  return { type: "fenced", role, by: "ann", reason: "its power supply burnt", acceptOlderCopy };
}

export function phaseOf(state: Migration): string {
  return state.phase === "switchover" ? state.stage : state.phase;
}

function report(precopyBytes: number, exact?: number, stopcopyBytes = 0): MigrationEvent {
  const devices = [device("ram", { precopyBytes, stopcopyBytes, ...ram })];
  const { exact: _, ...observation } = seen({ ...measured, devices });
  return { type: "report", observation, ...(exact !== undefined && { exact, syncMs: 1 }) };
}
