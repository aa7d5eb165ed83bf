import { type CreateFromSave, DeviceDefinition, type RestoreGuest } from "@godwit/contract";
import {
  isUnderWay,
  objectionToFound,
  objectionToKinds,
  objectionToRestore,
  objectionToSave,
  type Save,
  type SaveObjection,
  type SaveState,
} from "@godwit/core";
import type { GuestRecord, HostRecord, Store } from "@godwit/store";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import { AgentRefusal, AgentSilent } from "../agents/connection.ts";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import { factsOf } from "../host-facts.ts";
import { ProblemError } from "../problem.ts";
import type { Runs } from "../runs/runs.ts";
import { asProblem, findGuest, findHost, migrationOf } from "../survey.ts";
import type { Saves } from "./saves.ts";

const askLimitMs = 10_000;
/** For a host to end what it has of a guest that is saved already, which it is told of only then. */
const clearLimitMs = 10_000;

export interface LookParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Saves;
  bus: Bus;
  clock: Clock;
}

export interface Found {
  guest: GuestRecord;
  host: HostRecord;
}

/** The guest and its host, if it can be saved. @throws {ProblemError} otherwise */
export async function lookToSave(parts: LookParts, name: string): Promise<Found> {
  const guest = await findGuest(parts.store, name);
  const host = await findHost(parts.store, guest.hostId);
  const definitions = z.array(DeviceDefinition).parse(guest.definitions);
  const kinds = definitions.map((definition) => ({ device: definition.name, kind: definition.kind }));
  expectNone(objectionToSave({ ...candidateOf(parts, { guest, host }), kinds }));
  return { guest, host };
}

/** The guest, the host that is to run it, and what that host finds in the folder. @throws {ProblemError} where it is not to be restored */
export async function lookToRestore(
  parts: LookParts,
  name: string,
  wanted: RestoreGuest,
): Promise<Found & { folder: string; save: Save }> {
  const guest = await findGuest(parts.store, name);
  const host = await findHost(parts.store, wanted.host);
  const candidate = { ...candidateOf(parts, { guest, host }), guestId: guest.id, epoch: guest.epoch };
  expectNone(objectionToRestore(candidate));
  const known = candidate.save?.at === "saved" ? candidate.save.save : undefined;
  const folder = wanted.folder ?? known?.folder;
  if (folder === undefined)
    throw new ProblemError("guest-not-saved", `It is not known in which folder ${guest.name} is: name it.`);
  const found = await ask(parts.agents, host, { guestId: guest.id, folder });
  expectNone(objectionToFound(candidate, { ...found, kinds: found.devices.map(({ kind }) => kind) }));
  const { saveId: id, epoch, bytes } = found;
  return {
    guest,
    host,
    folder,
    save: known ?? { id, host: { id: host.id, name: host.name }, folder, epoch, savedAt: parts.clock.now(), bytes },
  };
}

/** The host that is to run a new guest, and what it finds in the folder. @throws {ProblemError} where nothing can come of it */
export async function lookToCopy(parts: LookParts, wanted: CreateFromSave) {
  const host = await findHost(parts.store, wanted.host);
  if ((await parts.store.guests.find(wanted.name)) !== undefined)
    throw new ProblemError("name-taken", `There is a guest "${wanted.name}" already.`);
  const found = await ask(parts.agents, host, { guestId: uuidv7(), folder: wanted.restore });
  const { backends } = factsOf(host);
  const kinds = found.devices.map(({ kind }) => kind);
  expectNone(objectionToKinds({ name: host.name, connected: true, backends }, { kinds }));
  return { host, found };
}

/** @throws {ProblemError} while the guest is being saved or restored */
export function refuseBusy(save: SaveState | undefined): void {
  if (isUnderWay(save)) throw new ProblemError("guest-busy", `${save.guest.name} is being saved or restored.`);
}

/** Until nobody saves or restores the guest, or the signal is aborted. */
export async function atRest({ saves, bus }: LookParts, guestId: string, signal: AbortSignal): Promise<void> {
  const changes = bus.stream("events", signal);
  // Listening begins before looking, and each change is followed by a look, so that nothing falls between the two.
  for (let next = changes.next(); isUnderWay(saves.of(guestId)); next = changes.next()) {
    if ((await next).done === true) return;
  }
}

/**
 * Until no host has anything left to end of what the guest was saved or restored from: it is at rest before that.
 *
 * @throws {ProblemError} where such a host is away, or takes too long
 */
export async function allCleared({ saves, agents, bus }: LookParts, { id, name }: GuestRecord): Promise<void> {
  const late = AbortSignal.timeout(clearLimitMs);
  const changes = bus.stream("schedule", late);
  for (let next = changes.next(); ; next = changes.next()) {
    const debts = saves.of(id)?.debts ?? [];
    const [debt] = debts;
    if (debt === undefined) return;
    const away = debts.find(({ host }) => !agents.has(host.id));
    const what = `${(away ?? debt).host.name} has yet to end what it has of ${name}`;
    if (away !== undefined) throw new ProblemError("host-offline", `${what}, and its agent is not connected.`);
    if ((await next).done === true)
      throw new ProblemError("host-silent", `${what}, and has not done so in ${clearLimitMs / 1000} s.`);
  }
}

function candidateOf({ agents, runs, saves }: LookParts, { guest, host }: Found) {
  return {
    guest: { name: guest.name, state: guest.state, busyWith: migrationOf(runs, guest.id) },
    host: { name: host.name, connected: agents.has(host.id), backends: factsOf(host).backends },
    save: saves.of(guest.id),
  };
}

async function ask(agents: ConnectedAgents, host: HostRecord, wanted: { guestId: string; folder: string }) {
  const connection = agents.get(host.id);
  if (connection === undefined) throw new ProblemError("host-offline", `The agent of ${host.name} is not connected.`);
  try {
    return await connection.ask({ ask: "inspectSave", ...wanted }, askLimitMs);
  } catch (error) {
    if (error instanceof AgentSilent) throw new ProblemError("host-silent", error.message);
    if (!(error instanceof AgentRefusal)) throw error;
    throw new ProblemError(asProblem(error.refusal.code, "save-damaged"), `${host.name}: ${error.message}`);
  }
}

function expectNone(objection: SaveObjection | undefined): void {
  if (objection !== undefined) throw new ProblemError(objection.code, objection.detail);
}
