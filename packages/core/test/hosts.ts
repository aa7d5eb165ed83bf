import type { DestinationEffect, DestinationEvent, DestinationHandover } from "../src/handover/destination.ts";
import { type JournalEntry, type Parts, foldJournal, regrantBeyond } from "../src/handover/journal.ts";
import type { SourceEffect, SourceEvent, SourceHandover } from "../src/handover/source.ts";
import type { Command, MigrationEvent } from "../src/migration/events.ts";
import { rules } from "./rules.ts";

/**
 * Two hosts as a test sees them: what they decide are the real step functions and the real journal; this file only performs. Every
 * function is pure, so that an exploration can go on from any state.
 */
export const guestId = "guest";
export const migrationId = "migration";
/** The source owns the guest at this epoch; the next one is handed over. */
export const ownedEpoch = 1;
export const epoch = ownedEpoch + 1;
export const regranted = epoch + regrantBeyond;

export type Message =
  | { to: "source" | "destination"; command: Command }
  | { to: "orchestrator"; event: MigrationEvent }
  /** From host to host: the rest of the state, the word that it is loaded, the grant. */
  | { to: "destination"; peer: "state" | "grant" }
  | { to: "source"; peer: "loaded" };

export interface SourceHost {
  parts: Parts;
  handover: SourceHandover;
  /** The agent remembers the migration: it has not restarted since it prepared. */
  live: boolean;
  alive: boolean;
  /**
   * Held: the machine was started anew, and the guest waits for the orchestrator's word. Spent: they died while they stood still, and
   * nothing is left that could run.
   */
  devices: "running" | "stopped" | "held" | "spent" | "gone";
  /** It has run the guest again after the stop. */
  ranOn: boolean;
}

export interface DestinationHost {
  parts: Parts;
  handover: DestinationHandover | undefined;
  live: boolean;
  alive: boolean;
  devices: "none" | "loaded" | "running" | "held";
  ran: boolean;
  /** What it has cleared away could have been run. */
  droppedWhole: boolean;
}

/** A machine that is dead runs nothing, whatever its journal says. */
export function runs({ alive, devices }: SourceHost | DestinationHost): boolean {
  return alive && devices === "running";
}

/** One thing that an agent does; a crash may come before any of it. */
export type Act<Host> = (host: Host) => { host: Host; sent: Message[] };

export interface Turn<Host> {
  host: Host;
  acts: Act<Host>[];
}

export function newSource(): SourceHost {
  const created: JournalEntry = { entry: "created", guestId, name: "web", definitions: [] };
  return {
    parts: foldJournal(new Map(), created),
    handover: { epoch, at: "owns", whole: true },
    live: false,
    alive: true,
    devices: "running",
    ranOn: false,
  };
}

export const newDestination: DestinationHost = {
  parts: new Map(),
  handover: undefined,
  live: false,
  alive: true,
  devices: "none",
  ran: false,
  droppedWhole: false,
};

/** Does what is left of a turn, all of it. */
export function finish<Host>({ host, acts }: Turn<Host>): { host: Host; sent: Message[] } {
  return crashAfter({ host, acts }, acts.length);
}

/** Does only the first acts of a turn. */
export function crashAfter<Host>({ host, acts }: Turn<Host>, count: number): { host: Host; sent: Message[] } {
  let now = host;
  const sent = acts.slice(0, count).flatMap((act) => {
    const done = act(now);
    now = done.host;
    return done.sent;
  });
  return { host: now, sent };
}

export function sourceHears(host: SourceHost, command: Command): Turn<SourceHost> {
  switch (command.type) {
    case "prepareSource":
      return prepareSource(host);
    case "freeze":
      // An agent that knows nothing of the migration has nothing to send: it keeps the guest, in writing.
      return !host.live && (host.handover.at === "owns" || host.handover.at === "refused")
        ? sourceSteps(host, { type: "refuse", epoch: command.epoch })
        : sourceSteps(host, command);
    case "refuse":
    case "reclaim":
    case "discard":
      return sourceSteps(host, command);
    case "disown":
      return disowned(host, command.epoch);
    case "abort":
      return abortSource(host);
    default:
      return { host, acts: [] };
  }
}

export function sourceSteps(host: SourceHost, event: SourceEvent): Turn<SourceHost> {
  const looks = event.type === "refuse" || event.type === "failed" || event.type === "reclaim";
  const looked = looks
    ? rules.stepSource(host.handover, { type: "looked", whole: host.devices !== "spent" }).state
    : host.handover;
  const { state, effects } = rules.stepSource(looked, event);
  const devices = event.type === "stopped" && state.at === "frozen" ? "stopped" : host.devices;
  const acts = effects.map((effect) => sourceAct(effect));
  // The rest of the state follows the stop.
  if (devices !== host.devices) acts.push(sending({ to: "destination", peer: "state" }));
  return { host: { ...host, handover: state, devices }, acts };
}

export function destinationHears(host: DestinationHost, command: Command): Turn<DestinationHost> {
  switch (command.type) {
    case "prepareDestination":
      return prepareDestination(host);
    case "grant":
    case "revoke":
    case "regrant":
      // What it owns and does not run it says nothing of.
      return host.devices === "held" ? { host, acts: [] } : destinationSteps(host, command);
    case "abort": {
      const { host: next, acts } = destinationSteps(host, { type: "drop" });
      return { host: next, acts: [...acts, sending(told({ type: "abortDone", role: "destination" }))] };
    }
    default:
      return { host, acts: [] };
  }
}

export function destinationSteps(host: DestinationHost, event: DestinationEvent): Turn<DestinationHost> {
  if (host.handover === undefined) return { host, acts: [] };
  const { state, effects } = rules.stepDestination(host.handover, event);
  return {
    host: {
      ...host,
      handover: state,
      devices: devicesAfter(host, state, event),
      // Where not all of it starts, nobody is served.
      ran: event.type === "startFailed" ? false : host.ran,
      droppedWhole: host.droppedWhole || (state.at === "dropped" && host.handover.whole),
    },
    acts: effects.map(destinationAct),
  };
}

function prepareSource(host: SourceHost): Turn<SourceHost> {
  if (host.handover.at !== "owns") return { host, acts: [] };
  return { host: { ...host, live: true }, acts: [sending(told({ type: "sourcePrepared", peers: [] }))] };
}

/** Whatever it is by its journal goes. */
function disowned(host: SourceHost, at: number): Turn<SourceHost> {
  const part = host.parts.get(guestId)?.part;
  const discarded = sending<SourceHost>(told({ type: "discarded", epoch }));
  if (part?.as === "released") return sourceSteps(host, { type: "discard", epoch: part.epoch });
  if (part?.as !== "owner" || part.epoch >= at) return { host, acts: [discarded] };
  const parts = foldJournal(host.parts, { entry: "disowned", guestId, epoch: at });
  return {
    host: { ...host, parts, handover: { epoch, at: "discarded", whole: true }, devices: "gone" },
    acts: [discarded],
  };
}

function prepareDestination(host: DestinationHost): Turn<DestinationHost> {
  const prepared = sending<DestinationHost>(told({ type: "destinationPrepared" }));
  if (host.handover?.at === "reserved" && host.live) return { host, acts: [prepared] };
  if (host.handover !== undefined) {
    const detail = "it holds a part of the guest";
    return {
      host,
      acts: [sending(told({ type: "declined", role: "destination", code: "guest-not-settled", detail }))],
    };
  }
  const reserve: Act<DestinationHost> = (before) => ({
    host: {
      ...before,
      handover: { epoch, at: "reserved", whole: false },
      live: true,
      parts: foldJournal(before.parts, { entry: "reserved", name: "web", definitions: [], ...ids(epoch) }),
    },
    sent: [],
  });
  return { host, acts: [reserve, prepared] };
}

function abortSource(host: SourceHost): Turn<SourceHost> {
  const { at } = host.handover;
  const keeping = at === "freezing" || at === "frozen" ? sourceSteps(host, { type: "refuse", epoch }).acts : [];
  const after = keeping.length > 0 ? sourceSteps(host, { type: "refuse", epoch }).host : host;
  return { host: { ...after, live: false }, acts: [...keeping, sending(told({ type: "abortDone", role: "source" }))] };
}

function sourceAct(effect: SourceEffect): Act<SourceHost> {
  switch (effect.do) {
    case "stopDevices":
      // They stop one after the other; `stopped` tells when the last one has.
      return (host) => ({ host, sent: [] });
    case "resumeDevices":
      return (host) => {
        if (host.parts.get(guestId)?.part.as !== "owner") throw new Error("It resumes what its journal has given away");
        return { host: { ...host, devices: host.devices === "held" ? "held" : "running", ranOn: true }, sent: [] };
      };
    case "commitDevices":
      return (host) => ({ host: { ...host, devices: "gone" }, sent: [] });
    case "journal":
      return (host) => ({
        host: { ...host, parts: foldJournal(host.parts, { entry: effect.entry, ...ids(effect.epoch) }) },
        sent: [],
      });
    case "grant":
      return (host) => {
        expectJournaled(host, "released");
        return { host, sent: host.live ? [{ to: "destination", peer: "grant" }] : [] };
      };
    case "tell":
      return sending(...tellings(effect.said, effect.epoch));
    case "tellSpent":
      return sending(told({ type: "spent", epoch: effect.epoch, exact: effect.exact }));
    case "tellBroken":
      return sending(told({ type: "broken", role: "source", ...unsaid }));
    case "tellRefused":
      return sending(told({ type: "refused", epoch: effect.epoch, ...unsaid }));
  }
}

function destinationAct(effect: DestinationEffect): Act<DestinationHost> {
  switch (effect.do) {
    case "journal":
      return (host) => ({
        host: { ...host, parts: foldJournal(host.parts, { entry: effect.entry, ...ids(effect.epoch) }) },
        sent: [],
      });
    case "startDevices":
    case "startKept":
      // From here on it counts as a runner, although `started` is yet to come.
      return (host) => {
        expectJournaled(host, "owner");
        return { host: { ...host, devices: "running", ran: true }, sent: [] };
      };
    case "dropDevices":
      return (host) => ({ host: { ...host, devices: "none" }, sent: [] });
    case "confirmLoaded":
      return sending({ to: "source", peer: "loaded" });
    case "tell":
      return sending(...tellings(effect.said, effect.epoch));
    case "tellRevoked":
      return sending(told({ type: "revoked", epoch: effect.epoch, whole: effect.whole, ...unsaid }));
    case "tellBroken":
      return sending(told({ type: "broken", role: "destination", ...unsaid }));
  }
}

function devicesAfter(
  { devices }: DestinationHost,
  { at }: DestinationHandover,
  event: DestinationEvent,
): DestinationHost["devices"] {
  if (event.type === "loaded" && at === "loaded") return "loaded";
  if (event.type === "startFailed" && devices === "running") return "loaded";
  if (event.type === "failed" && at === "revoked" && devices !== "running") return "none";
  return devices;
}

function tellings(
  said: "frozen" | "released" | "reclaimed" | "discarded" | "loaded" | "running" | "empty",
  at: number,
): Message[] {
  switch (said) {
    case "frozen":
    case "loaded":
      // The orchestrator shows these and rests nothing on them.
      return [];
    case "released":
      return [told({ type: "released", epoch: at, stoppedMs: 20, rttMs: 1, stoppedBytes: 0, devices: [] })];
    case "running":
      return [told({ type: "running", epoch: at, startedMs: 10, devices: [] })];
    default:
      return [told({ type: said, epoch: at })];
  }
}

/** No decision rests on why: two messages that differ in nothing else are one. */
const unsaid = { code: "", detail: "" };

function sending<Host>(...sent: Message[]): Act<Host> {
  return (host) => ({ host, sent });
}

function told(event: MigrationEvent): Message {
  return { to: "orchestrator", event };
}

/** An agent acts only on what its journal says: a crash in between would undo the word and not the deed. */
function expectJournaled({ parts }: SourceHost | DestinationHost, as: "owner" | "released"): void {
  const part = parts.get(guestId)?.part;
  if (part?.as !== as || (part.epoch !== epoch && part.epoch !== regranted))
    throw new Error(`It acts as "${as}" before its journal says so`);
}

export function ids(at: number) {
  return { guestId, migrationId, epoch: at };
}
