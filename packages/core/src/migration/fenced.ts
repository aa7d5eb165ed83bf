import { regrantBeyond } from "../handover/journal.ts";
import { type Reason, reason } from "../reason.ts";
import { endedWith } from "./ended.ts";
import type { MigrationEvent, Notice, Step } from "./events.ts";
import { outstanding } from "./outstanding.ts";
import type { Fence, Migration, Role, Switchover } from "./state.ts";

type Fenced = MigrationEvent & { type: "fenced" };

export const otherThan = { source: "destination", destination: "source" } as const;

/** H8, before the switchover: the source alone has the guest, and the destination has no part that anybody needs. */
export function fencedBefore(state: Migration, event: Fenced, now: number): Step<Migration> {
  const { facts, phase } = state;
  const hosts: Role[] = phase === "queued" ? [] : [otherThan[event.role]];
  if (event.role === "source") return lose(state, fenceText(state, event.role, event), hosts, now);
  const sentence = `${fenceText(state, event.role, event)} ${facts.guest.name} goes on serving on ${facts.source.name}.`;
  const inputs = { host: facts.destination.name, by: event.by };
  return endedWith(state, { phase: "failed", reason: reason("DESTINATION_FENCED", sentence, inputs) }, hosts, now);
}

/** H6, H8: what the fenced host has not said it will never say; what can be done without it is done. */
export function fencedDuring(before: Switchover, event: Fenced, now: number): Step<Migration> {
  const { role, by, reason: why } = event;
  const acceptOlderCopy = event.acceptOlderCopy || before.fenced?.[role]?.acceptOlderCopy === true;
  const known = before.fenced?.[role];
  if (known !== undefined && known.isBack !== true && known.acceptOlderCopy === acceptOlderCopy) return nothing(before);
  const state = { ...before, fenced: { ...before.fenced, [role]: { by, reason: why, acceptOlderCopy } } };
  const told = fenceText(state, role, event);
  if (isFenced(state, otherThan[role])) return loseBoth(state, told, now);
  return role === "source" ? withoutSource(state, told, now) : withoutDestination(state, told, now);
}

/** H8: whatever the fenced side has served since, the other's copy is to run. */
export function acceptOlderCopy(before: Switchover, by: string, now: number): Step<Migration> {
  const { fenced, stage } = before;
  const role = fenced?.source === undefined ? "destination" : "source";
  const fence = fenced?.[role];
  if (stage !== "undecided" || fence === undefined) return nothing(before);
  const state = { ...before, fenced: { ...fenced, [role]: { ...fence, acceptOlderCopy: true } } };
  const told = `${by} has accepted a copy that may be older.`;
  return role === "source" ? withoutSource(state, told, now) : withoutDestination(state, told, now);
}

/** M17: before the switchover nobody else has the guest; what its host has nothing left of does not run. */
export function spentBefore(state: Migration, detail: string | undefined, now: number): Step<Migration> {
  return lose(state, spentText(state, detail), ["source", "destination"], now);
}

/** H8: a source that says itself that it has nothing left to run counts as fenced. */
export function spent(before: Switchover, event: MigrationEvent & { type: "spent" }, now: number): Step<Migration> {
  const { source } = before.facts;
  const isAsked = before.stage === "freezing" || before.stage === "refusing" || before.stage === "reclaiming";
  if (!isAsked) return nothing(before);
  const told = spentText(before, event.detail);
  const bySelf = event.exact ? "released" : "owner";
  const fence: Fence = { by: source.name, reason: told, acceptOlderCopy: event.exact, bySelf };
  const state = { ...before, fenced: { ...before.fenced, source: fence } };
  return isFenced(state, "destination") ? loseBoth(state, told, now) : withoutSource(state, told, now);
}

/** Only what the source has released and was not asked to take back is known to be as new as anything that ever ran. */
function withoutSource(state: Switchover, told: string, now: number): Step<Migration> {
  const { guest, destination } = state.facts;
  const { stage } = state;
  if (stage === "regranting") return goOn(state, stage, told, now);
  if (stage === "granting" || (stage === "undecided" && accepts(state, "source"))) {
    return goOn(state, "regranting", `${told} ${destination.name} is to run what it has of ${guest.name}.`, now);
  }
  if (stage === "undecided") return goOn(state, stage, `${told} ${askForAcceptance(state)}`, now);
  const asked = stage === "reclaiming" ? { ...state, reclaimed: true as const } : state;
  return goOn(asked, "revoking", `${told} ${destination.name} is asked what it has of ${guest.name}.`, now);
}

function withoutDestination(before: Switchover, told: string, now: number): Step<Migration> {
  const { facts, stage } = before;
  if (stage === "reclaiming") return goOn(before, stage, told, now);
  const sentence = `${told} ${facts.guest.name} goes on serving on ${facts.source.name}.`;
  const why = reason("DESTINATION_FENCED", sentence, { host: facts.destination.name });
  const state: Switchover = { ...before, cause: { phase: "failed", reason: why } };
  if (stage === "freezing" || stage === "refusing")
    return goOn(state, "refusing", `${told} ${facts.source.name} is asked to keep ${facts.guest.name}.`, now);
  return takeBackOrWait(state, told, now);
}

/** The destination has been granted, or may have been, and is fenced: it may have run the guest. */
export function takeBackOrWait(state: Switchover, told: string, now: number): Step<Migration> {
  if (!accepts(state, "destination")) return goOn(state, "undecided", `${told} ${askForAcceptance(state)}`, now);
  const sentence = `${told} ${state.facts.source.name} is to run ${state.facts.guest.name} as it was at the stop.`;
  return goOn({ ...state, reclaimed: true }, "reclaiming", sentence, now);
}

/** The source has been fenced, and the destination has revoked. */
export function runOrLose(state: Switchover, whole: boolean, now: number): Step<Migration> {
  const { guest, destination } = state.facts;
  // Without one it owns nothing either, at whatever epoch it was asked to.
  const asked: Switchover = { ...state, stage: "revoking" };
  const { bySelf, reason: said = "" } = state.fenced?.source ?? {};
  const hosts: Role[] = bySelf === "owner" ? ["source", "destination"] : ["destination"];
  const gone = bySelf === undefined ? "" : `${said} `;
  if (!whole) return lose(asked, `${gone}${destination.name} has no whole copy of it.`, hosts, now);
  const told = `${destination.name} has a whole copy of ${guest.name}.`;
  return accepts(state, "source")
    ? goOn(state, "regranting", `${told} It is to run it.`, now)
    : goOn(state, "undecided", `${told} ${askForAcceptance(state)}`, now);
}

/** The release is heard after all: the destination's copy is the newest that there is. */
export function regrantReleased(state: Switchover, now: number): Step<Migration> {
  const { source, destination, guest } = state.facts;
  const sentence = `${source.name} had released the guest; ${destination.name} is to run what it has of ${guest.name}.`;
  return goOn(state, "regranting", sentence, now);
}

/** It ends without a host that could run the guest; what copies there are nobody clears away. */
export function lose(state: Migration, why: string, owes: Role[], now: number): Step<Migration> {
  const { facts } = state;
  const inputs = { source: facts.source.name, destination: facts.destination.name };
  const sentence = `${facts.guest.name} is lost: ${why}`;
  return endedWith(state, { phase: "lost", reason: reason("LOST", sentence, inputs) }, owes, now, latestOwner(state));
}

function loseBoth(state: Switchover, told: string, now: number): Step<Migration> {
  const { source, destination } = state.facts;
  return lose(state, `${told} Neither ${source.name} nor ${destination.name} can run it.`, [], now);
}

/** H8: the highest epoch at which any host may own the guest, so that a claim of a lower one is not taken for the newest. */
function latestOwner(state: Migration): { role: Role; epoch: number } {
  const { epoch } = state.facts;
  const granted = epoch + 1;
  if (state.phase !== "switchover") return { role: "source", epoch };
  if (state.stage === "regranting") return { role: "destination", epoch: granted + regrantBeyond };
  return { role: "source", epoch: state.reclaimed ? granted + 1 : epoch };
}

/** A fenced host is back before anything was done in its place: its word counts again. */
export function comeBack(before: Switchover, role: Role, now: number): Step<Migration> | undefined {
  if (!isFenced(before, role) || !mayRun(before, role)) return undefined;
  const state = { ...before, fenced: { ...before.fenced, [role]: undefined } };
  const sentence = `${state.facts[role].name} is back, and is asked what it has of ${state.facts.guest.name}.`;
  return goOn(state, stageAfterReturn(state, role), sentence, now);
}

/** A fenced host is back, but the other side is to run in its place. */
export function withReturn(state: Switchover, role: Role): Switchover {
  const fence = state.fenced?.[role];
  return fence === undefined ? state : { ...state, fenced: { ...state.fenced, [role]: { ...fence, isBack: true } } };
}

/** H8: whether a host may run what it owns, as far as this handover is concerned: not while the other side is to run in its place. */
export function mayRun(state: Migration, role: Role): boolean {
  if (state.phase !== "switchover") return true;
  return role === "source" ? state.stage !== "regranting" : state.stage !== "reclaiming";
}

function stageAfterReturn({ stage, reclaimed }: Switchover, role: Role): Switchover["stage"] {
  if (role === "destination") return stage === "undecided" ? "granting" : stage;
  return reclaimed === true ? "reclaiming" : "refusing";
}

export function isFenced({ fenced }: Switchover, role: Role): boolean {
  return fenced?.[role] !== undefined;
}

function accepts({ fenced }: Switchover, role: Role): boolean {
  return fenced?.[role]?.acceptOlderCopy === true;
}

/** Why it waits, where it waits for somebody to accept an older copy. */
export function awaitsAcceptance(state: Migration): Reason | undefined {
  if (state.phase !== "switchover" || state.stage !== "undecided") return undefined;
  return reason("OLDER_COPY", askForAcceptance(state), { host: goneFrom(state) });
}

function askForAcceptance(state: Switchover): string {
  const { facts, fenced } = state;
  const gone = goneFrom(state);
  const other = fenced?.source === undefined ? facts.source.name : facts.destination.name;
  return (
    `${gone} may have run ${facts.guest.name} after ${other}'s copy was taken: ` +
    `it waits until ${gone} is back with it, or the older copy is accepted.`
  );
}

function goneFrom({ facts, fenced }: Switchover): string {
  return fenced?.source === undefined ? facts.destination.name : facts.source.name;
}

function fenceText({ facts }: Migration, role: Role, { by, reason: why }: Omit<Fence, "acceptOlderCopy">): string {
  return `${facts[role].name} is fenced by ${by}: ${why.replace(/\.?$/, ".")}`;
}

function spentText({ facts: { source, guest } }: Migration, detail?: string): string {
  const nothing = `${source.name} has nothing left of ${guest.name} that could run`;
  return detail === undefined ? `${nothing}.` : `${nothing}: ${detail.replace(/\.?$/, ".")}`;
}

function goOn(state: Switchover, stage: Switchover["stage"], sentence: string, now: number): Step<Migration> {
  const next: Switchover = { ...state, stage, since: now, askedAt: now };
  const notice: Notice = { type: "migration.decision", sentence, data: { stage } };
  return { state: next, effects: outstanding(next), notices: [notice] };
}

function nothing(state: Switchover): Step<Migration> {
  return { state, effects: [], notices: [] };
}
