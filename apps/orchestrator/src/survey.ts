import {
  DeviceDefinition,
  type DirtyHistory,
  type PeerDevice,
  type PlacementRule,
  type Pending,
  type PlanCheck,
  problemCodes,
  type ProblemCode,
} from "@godwit/contract";
import { type Candidate, type CandidateHost, isEnded, type Named, type Refusal, refusals } from "@godwit/core";
import type { GuestRecord, HostRecord, Store } from "@godwit/store";
import { z } from "zod";
import { AgentRefusal, AgentSilent } from "./agents/connection.ts";
import type { ConnectedAgents } from "./agents/connected.ts";
import { factsOf, freeBytesOf } from "./host-facts.ts";
import { allHosts } from "./pages.ts";
import { ProblemError } from "./problem.ts";
import type { Runs } from "./runs/runs.ts";
import type { Saves } from "./to-file/saves.ts";

const askLimitMs = 10_000;
/** Where a destination is looked for, so many hosts are asked. */
const surveyedAtOnce = 32;
/** So many of a kind of thing are named one by one. */
const namedLimit = 3;

export interface SurveyParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Saves;
}

/** What was found out about moving a guest before anything of it is done. */
export interface Survey {
  guest: GuestRecord;
  source: HostRecord;
  destination: HostRecord;
  definitions: DeviceDefinition[];
  checks: PlanCheck[];
  /** Of the source's devices; empty when the source could not be asked. */
  peers: PeerDevice[];
  /** What the source says of each device now, and of how the guest has been written. */
  devices: { name: string; sizeBytes: number; pending: Pending }[];
  dirty: DirtyHistory | undefined;
  /** Where nobody has named a destination: all hosts that are fit, of which `destination` is the first. */
  fit?: Named[] | undefined;
}

/** Looks at what is known, and where nothing speaks against it asks both agents. Moves nothing. */
export async function survey(parts: SurveyParts, wanted: { guest: string; destination: string }): Promise<Survey> {
  const guest = await findGuest(parts.store, wanted.guest);
  const destination = await findHost(parts.store, wanted.destination);
  const source = await findHost(parts.store, guest.hostId);
  const definitions = z.array(DeviceDefinition).parse(guest.definitions);
  const found = { guest, source, destination, definitions };
  const objections = refusals(candidateOf(parts, found));
  const checks = checksOf(found, objections);
  if (objections.length > 0) return { ...found, checks, ...unasked };
  const asked = await askAgents(parts.agents, found);
  return { ...found, ...asked, checks: [...checks, ...asked.checks] };
}

/**
 * S10: looks at every host that takes guests, the one with the most memory free first, or with the least. Every one that is fit is told, and
 * the first of them is taken until the planner takes another. @throws {ProblemError} where none is
 */
export async function surveyAnywhere(
  parts: SurveyParts,
  guestName: string,
  placement: PlacementRule = "spread",
): Promise<Survey> {
  const guest = await findGuest(parts.store, guestName);
  const free = (host: HostRecord) => freeBytesOf(host, parts.agents);
  const hosts = (await allHosts(parts.store))
    .filter(({ id, cordoned, paused }) => id !== guest.hostId && !cordoned && !paused && parts.agents.has(id))
    .toSorted((a, b) => (placement === "spread" ? free(b) - free(a) : free(a) - free(b)))
    .slice(0, surveyedAtOnce);
  const surveys = await Promise.all(hosts.map(({ id }) => survey(parts, { guest: guest.id, destination: id })));
  const fit = surveys.filter(({ checks }) => checks.every(({ ok }) => ok));
  const [first] = fit;
  if (first === undefined) throw noneFit(guest.name, surveys);
  return { ...first, fit: fit.map(({ destination: { id, name } }) => ({ id, name })) };
}

function noneFit(guest: string, surveys: Survey[]): ProblemError {
  if (surveys.length === 0)
    return new ProblemError("no-destination", `No other host that takes guests is connected for ${guest}.`);
  const why = surveys.map(
    ({ destination, checks }) => `${destination.name}: ${checks.find(({ ok }) => !ok)?.detail ?? "unfit"}`,
  );
  return new ProblemError("no-destination", `No host is fit for ${guest}. ${why.join(" ")}`);
}

const unasked = { peers: [], devices: [], dirty: undefined };

/** The first check that failed, as the problem that it is. That a guest is lost says more than that its host is away. */
export function expectPossible({ guest, checks }: Survey): void {
  const failed = checks.find((check) => !check.ok && (guest.state !== "lost" || check.name === "guest"));
  if (failed === undefined) return;
  throw new ProblemError(
    failed.code ?? "internal",
    failed.fix === undefined ? failed.detail : `${failed.detail} ${failed.fix}`,
  );
}

export async function findGuest(store: Store, nameOrId: string): Promise<GuestRecord> {
  const guest = await store.guests.find(nameOrId);
  if (guest === undefined) throw new ProblemError("unknown-guest", `There is no guest "${nameOrId}".`);
  return guest;
}

export async function findHost(store: Store, nameOrId: string): Promise<HostRecord> {
  const host = await store.hosts.find(nameOrId);
  if (host === undefined) throw new ProblemError("unknown-host", `There is no host "${nameOrId}".`);
  return host;
}

/** The migration of the guest that has not ended, if there is one. */
export function migrationOf(runs: Runs, guestId: string): string | undefined {
  return runs.all().find((run) => run.state.facts.guest.id === guestId && !isEnded(run.state))?.id;
}

type Found = Pick<Survey, "guest" | "source" | "destination" | "definitions">;

function candidateOf(
  { agents, runs, saves }: SurveyParts,
  { guest, source, destination, definitions }: Found,
): Candidate {
  const hostOf = (host: HostRecord): CandidateHost => ({
    id: host.id,
    name: host.name,
    connected: agents.has(host.id),
    backends: factsOf(host).backends,
    absent: factsOf(host).absentBackends,
  });
  return {
    guest: {
      name: guest.name,
      settled: guest.state === "running",
      busyWith: migrationOf(runs, guest.id),
      save: saves.of(guest.id),
    },
    source: hostOf(source),
    destination: hostOf(destination),
    kinds: definitions.map(({ name, kind }) => ({ device: name, kind })),
  };
}

const passed: Record<Refusal["check"], (found: Found) => string> = {
  hosts: ({ source, destination }) => `${source.name} and ${destination.name} are two hosts.`,
  agents: ({ source, destination }) => `The agents of ${source.name} and ${destination.name} are connected.`,
  guest: ({ guest, source }) => `${guest.name} runs on ${source.name} and is not being moved.`,
  backEnds: ({ destination }) => `${destination.name} has a back end for every device, of a format that it reads.`,
};

function checksOf(found: Found, objections: Refusal[]): PlanCheck[] {
  return (["hosts", "agents", "guest", "backEnds"] as const).flatMap((name): PlanCheck[] => {
    const against = objections.filter((objection) => objection.check === name);
    if (against.length === 0) return [{ name, ok: true, detail: passed[name](found) }];
    return against.map(({ code, detail, fix }) => ({ name, ok: false, code, detail, fix }));
  });
}

async function askAgents(
  agents: ConnectedAgents,
  found: Found,
): Promise<Pick<Survey, "checks" | "peers" | "devices" | "dirty">> {
  const { guest, source, destination, definitions } = found;
  try {
    const { peers, pending, dirty } = await connected(agents, source).ask(
      { ask: "describeGuest", guestId: guest.id },
      askLimitMs,
    );
    const question = { ask: "checkGuest" as const, guestId: guest.id, name: guest.name, devices: definitions, peers };
    const answer = await connected(agents, destination).ask(question, askLimitMs);
    const failed = answer.refusals.map(checkOfRefusal);
    const fits = [
      {
        name: "room",
        ok: true,
        detail: `${destination.name} has room for ${guest.name} and the addresses that it needs.`,
      },
      ...peers.flatMap((peer) => checkOfNeeds(peer, destination.name)),
    ];
    const told = peers.map(({ name, sizeBytes }) => ({ name, sizeBytes, pending: pending[name] ?? nothingPending }));
    return { checks: failed.length > 0 ? failed : fits, peers, devices: told, dirty };
  } catch (error) {
    return { checks: [unanswered(error)], ...unasked };
  }
}

/** Of what the destination has looked at itself: whether there is room, and whether it has what the device needs. */
function checkOfRefusal({ code, detail, fix, device, pointer }: AgentRefusal["refusal"]): PlanCheck {
  const name = code === "no-room" || code === "address-in-use" ? "room" : "needs";
  const told = `${device === undefined ? "" : `${device}: `}${detail.replace(/\.$/, "")}.`;
  return { name, ok: false, code: asProblem(code, "invalid-config"), detail: told, fix, device, pointer };
}

/** What of a kind is a few is named, what is many is counted. */
function checkOfNeeds({ name: device, needs = {} }: PeerDevice, destination: string): PlanCheck[] {
  const told = Object.entries(needs).map(([kind, names]) =>
    names.length > namedLimit ? `${names.length} ${kind}s` : `${kind} ${names.join(", ")}`,
  );
  if (told.length === 0) return [];
  return [{ name: "needs", ok: true, device, detail: `${destination} has what ${device} needs: ${told.join("; ")}.` }];
}

const nothingPending: Pending = { initialBytes: 0, precopyBytes: 0, stopcopyBytes: 0, fixedMs: 0 };

function unanswered(error: unknown): PlanCheck {
  if (error instanceof AgentRefusal)
    return { name: "room", ok: false, code: asProblem(error.refusal.code, "guest-not-settled"), detail: error.message };
  if (error instanceof AgentSilent) return { name: "agents", ok: false, code: "host-silent", detail: error.message };
  throw error;
}

function connected(agents: ConnectedAgents, host: HostRecord) {
  const connection = agents.get(host.id);
  if (connection === undefined) throw new AgentSilent(`The agent of ${host.name} is not connected any more.`);
  return connection;
}

/** Agents' codes are those of the problems; a back end may have others, which then count as the given one. */
export function asProblem(code: string, otherwise: ProblemCode): ProblemCode {
  return problemCodes.find((known) => known === code) ?? otherwise;
}
