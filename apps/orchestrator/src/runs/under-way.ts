import { randomBytes } from "node:crypto";
import type { Limits, LimitsInput } from "@godwit/contract";
import { isEnded, type Migration as State, queued } from "@godwit/core";
import type { Store } from "@godwit/store";
import { v7 as uuidv7 } from "uuid";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { pathOf } from "../host-facts.ts";
import { learntOf } from "../learnt.ts";
import { limitsBy } from "../policies.ts";
import { ProblemError } from "../problem.ts";
import { type AskedSchedule, expectLabel, type Line, schedulingBy, type Times } from "../schedule/asked.ts";
import { expectPossible, survey, surveyAnywhere, type Survey, type SurveyParts } from "../survey.ts";
import { create } from "./creation.ts";
import { type Runs, stateOf } from "./runs.ts";
import { viewOf } from "./view.ts";

export interface MigrationParts extends SurveyParts {
  store: Store;
  runs: Runs;
  bus: Bus;
  clock: Clock;
}

export interface Wanted {
  /** Its id, where that was decided before. */
  id?: string | undefined;
  guest: string;
  /** Without it the planner takes one. */
  destination?: string | undefined;
  /** It may enter a host that is cordoned. */
  returns?: boolean | undefined;
  /** Its name; `balanced` without it. */
  policy?: string | undefined;
  /** What is to differ from the policy. */
  limits: LimitsInput;
  /** As it was planned, whatever has become of the policy since. */
  planned?: { policy?: string | undefined; limits: Limits };
  /** What is asked of the planner. */
  schedule: Omit<AskedSchedule, "group">;
  /** Of one that is tried again: its times as they were, and those before it that failed. */
  times?: Times;
  line?: Line;
  /** Who asks for it. */
  by: string;
}

/** Looks whether it can be done, writes it down, and lets the planner know. @throws {ProblemError} when something speaks against it. */
export async function begin(parts: MigrationParts, wanted: Wanted): Promise<State> {
  const { guest, destination, schedule, line } = wanted;
  await expectLabel(parts.store, line === undefined ? schedule.keepApart : undefined);
  const found =
    destination === undefined
      ? await surveyAnywhere(parts, guest, schedule.placement)
      : await survey(parts, { guest, destination });
  expectPossible(found);
  const now = parts.clock.now();
  const { policy, limits } = wanted.planned ?? (await limitsBy(parts.store, wanted.policy, wanted.limits));
  const learned = await learntOf(
    parts.store,
    { sourceId: found.source.id, destinationId: found.destination.id },
    backEndsOf(found),
  );
  const group = schedule.drainId ?? wanted.by;
  const scheduling = { ...schedulingBy({ ...schedule, group }, found, now, wanted.times), ...line };
  const known = { ...(wanted.id && { id: wanted.id }), returns: wanted.returns };
  const state = queued({ ...factsFor(found, now), ...known, policy, learned, scheduling }, limits);
  const { facts } = state;
  const record = {
    id: facts.id,
    guestId: facts.guest.id,
    sourceId: facts.source.id,
    destinationId: facts.destination.id,
    phase: state.phase,
    version: 0,
    state: JSON.parse(JSON.stringify(state)),
    createdAt: dateOf(now),
  };
  const to = destination === undefined ? "a host that the planner takes" : facts.destination.name;
  const again = line === undefined ? "" : " again";
  const sentence = `${facts.guest.name} is${again} to move from ${facts.source.name} to ${to}.`;
  const event = {
    type: "migration.created",
    at: dateOf(now),
    migrationId: facts.id,
    guestId: facts.guest.id,
    sentence,
    data: { phase: state.phase, guest: facts.guest.name, by: wanted.by, policy: policy ?? "none" },
  };
  if ((await create(parts, state, record, [event])) === "guest-busy") {
    throw new ProblemError("guest-busy", `${facts.guest.name} is being moved by another migration.`);
  }
  parts.bus.tell("events");
  parts.bus.tell("schedule");
  return state;
}

/** Where a migration is looked up. */
interface Lookup {
  runs: { get(id: string): { state: State } | undefined };
  store: { migrations: Pick<Store["migrations"], "find"> };
}

/** A migration as it is now: under way in this process, or as it was stored. */
export async function current({ runs, store }: Lookup, id: string): Promise<State> {
  const run = runs.get(id);
  if (run !== undefined) return run.state;
  const record = await store.migrations.find(id);
  if (record === undefined) throw new ProblemError("unknown-migration", `There is no migration ${id}.`);
  return stateOf(record);
}

/** Until the migration has ended or is in the phase, or the signal is aborted. */
export async function waitUntil(
  parts: Lookup & Pick<MigrationParts, "bus" | "clock">,
  id: string,
  until: string,
  signal: AbortSignal,
): Promise<void> {
  const reached = async () => {
    const state = await current(parts, id);
    return isEnded(state) || (until !== "terminal" && viewOf(state, parts.clock.now()).phase === until);
  };
  const changes = parts.bus.stream("migration", signal);
  // Listening begins before looking, and each change is followed by a look, so that nothing falls between the two.
  for (let next = changes.next(); !(await reached()); next = changes.next()) {
    let change = await next;
    while (change.done !== true && change.value[0] !== id) change = await changes.next();
    if (change.done === true) return;
  }
}

/** The devices of the guest, with the versions of their back ends where the source has told them. */
export function backEndsOf({
  definitions,
  peers,
}: Survey): { name: string; kind: string; version: string | undefined }[] {
  return definitions.map(({ name, kind }) => ({
    name,
    kind,
    version: peers.find((peer) => peer.name === name)?.backend.version,
  }));
}

/** What is fixed of a migration when it is asked for. */
export function factsFor(found: Survey, now: number): State["facts"] {
  const { guest, source, destination } = found;
  return {
    id: uuidv7(),
    guest: { id: guest.id, name: guest.name },
    source: { id: source.id, name: source.name },
    destination: { id: destination.id, name: destination.name },
    devices: backEndsOf(found),
    epoch: guest.epoch,
    linkBytesPerSec: pathOf(source, destination),
    ticket: randomBytes(32).toString("base64url"),
    createdAt: now,
  };
}
