import { dutyOf } from "../src/convergence/conduct.ts";
import { type Considered, type Consideration, consider, considerationAtStart } from "../src/convergence/consider.ts";
import type { Remedy } from "../src/convergence/ladder.ts";
import type { Observation } from "../src/convergence/observation.ts";
import type { Policy } from "../src/convergence/policy.ts";
import type { Verdict } from "../src/convergence/verdict.ts";
import { device, exactly, seeded, seen } from "./figures.ts";

/**
 * A guest as a fluid: of `totalBytes`, `hotBytes` are written at `ratePerSec` a page, while passes send what is dirty at
 * `bytesPerSec`. What is dirty of the hot region follows d' = r (W - d) - what is sent of it, exact for Poisson page writes.
 */
export interface FluidGuest {
  totalBytes: number;
  hotBytes: number;
  ratePerSec: number;
  bytesPerSec: number;
  /** Estimates count only what the last pass knew of, as a dirty bitmap that is read at each pass does. */
  hidesWrites: boolean;
  /** What exact figures cost. */
  syncMs: number;
  /** When it is written: at every moment, where nothing is said. */
  isActive?: (atMs: number) => boolean;
  seed: number;
}

export interface Outcome {
  ended: "switchOver" | "giveUp" | "none";
  verdict: Verdict | undefined;
  atMs: number;
  exactAsked: number;
  /** Every kind of verdict that was told, and every mode and remedy on the way. */
  verdicts: Set<string>;
  modes: Set<string>;
  remedies: Remedy[];
  /** The downtime if the guest is stopped at the end, by what is truly dirty, and what was predicted of it. */
  trueDowntimeMs: number;
  predictedMs: number | undefined;
  sentBytes: number;
}

/** The model goes in steps of so many ms. */
export const stepMs = 25;
const reportEveryMs = 100;
/** What the model's guest takes to stop and start. */
const ownMs = 12;

/** What the model's hosts are known to be like. */
export const fluidHosts = { stopResumeMs: ownMs, stopResumeSdMs: 4, decisionMs: 0 };

/** Runs precopy until it is switched over or given up, or the time is over. */
export function move(guest: FluidGuest, policy: Policy, limitMs: number): Outcome {
  const random = seeded(guest.seed);
  const fluid = fluidOf(guest);
  const seenSoFar = { verdicts: new Set<string>(), modes: new Set<string>(), remedies: new Array<Remedy>() };
  let state: Consideration = considerationAtStart;
  let rules = policy;
  let [answerAtMs, exactAsked] = [Infinity, 0];
  for (let atMs = stepMs; ; atMs += stepMs) {
    send(fluid, guest, dutyOf(state.conduct) * speedOf(guest, rules), random());
    write(fluid, guest, state.conduct.throttle, atMs);
    if (atMs % reportEveryMs !== 0) continue;
    const answers = atMs >= answerAtMs;
    if (answers) answerAtMs = Infinity;
    const considered: Considered = consider(state, observationOf(fluid, guest, atMs, answers), rules);
    const { action, verdict } = considered;
    state = considered.state;
    if (verdict !== undefined) seenSoFar.verdicts.add(`${verdict.kind} ${verdict.code}`);
    seenSoFar.modes.add(state.conduct.mode.kind);
    if (action.kind === "askExact") [answerAtMs, exactAsked] = [atMs + guest.syncMs, exactAsked + 1];
    if (action.kind === "remedy") {
      seenSoFar.remedies.push(action.remedy);
      rules = changed(rules, action.remedy);
    }
    const isOver = action.kind === "switchOver" || action.kind === "giveUp";
    if (!isOver && atMs < limitMs) continue;
    return {
      ...seenSoFar,
      ended: isOver ? action.kind : "none",
      verdict,
      atMs,
      exactAsked,
      trueDowntimeMs: ownMs + (fluid.dirty / guest.bytesPerSec) * 1000 + guest.syncMs,
      predictedMs: considered.judgement?.evidence?.predicted.midMs,
      sentBytes: fluid.sent,
    };
  }
}

export interface Fluid {
  dirty: number;
  /** The part of `dirty` that lies in the hot region. */
  hot: number;
  /** Of the pass under way. */
  left: number;
  rounds: number;
  sent: number;
  busyMs: number;
}

/** Nothing of it has been sent. */
export function fluidOf({ totalBytes, hotBytes }: FluidGuest): Fluid {
  return { dirty: totalBytes, hot: hotBytes, left: totalBytes, rounds: 0, sent: 0, busyMs: 0 };
}

function observationOf(fluid: Fluid, guest: FluidGuest, atMs: number, answers: boolean): Observation {
  const sentBytes = Math.round(fluid.sent);
  const precopyBytes = Math.round(guest.hidesWrites && !answers ? fluid.left : fluid.dirty);
  const exact = answers ? exactly(guest.syncMs) : undefined;
  const devices = [device("ram", { precopyBytes, rounds: fluid.rounds, sentBytes })];
  return seen({ atMs, wireBytes: sentBytes, busyMs: fluid.busyMs, devices, exact });
}

function changed(policy: Policy, { change }: Remedy): Policy {
  const { downtimeLimitMs = policy.downtimeLimitMs, capBytesPerSec = policy.capBytesPerSec } = change;
  return { ...policy, downtimeLimitMs, capBytesPerSec: capBytesPerSec === "none" ? undefined : capBytesPerSec };
}

function speedOf(guest: FluidGuest, { capBytesPerSec }: Policy): number {
  return Math.min(guest.bytesPerSec, capBytesPerSec ?? Infinity);
}

/** `bytesPerSec` is what may be sent; time in which the migration's own cap is waited for is no busy time of the link. */
export function send(fluid: Fluid, guest: FluidGuest, bytesPerSec: number, noise: number): void {
  const share = ((0.95 + 0.1 * noise) * stepMs) / 1000;
  const sent = Math.min(bytesPerSec * share, fluid.left, fluid.dirty);
  if (sent <= 0) return;
  fluid.hot -= (sent * fluid.hot) / fluid.dirty;
  fluid.dirty -= sent;
  fluid.left -= sent;
  fluid.sent += sent;
  fluid.busyMs += (stepMs * sent) / (guest.bytesPerSec * share);
  if (fluid.left < 1) fluid.rounds += 1;
}

export function write(fluid: Fluid, guest: FluidGuest, throttle: number, atMs: number): void {
  const active = guest.isActive?.(atMs) ?? true;
  const perSec = active ? guest.ratePerSec * (1 - throttle) : 0;
  const written = (guest.hotBytes - fluid.hot) * (1 - Math.exp((-perSec * stepMs) / 1000));
  fluid.hot += written;
  fluid.dirty += written;
  if (fluid.left < 1) fluid.left = fluid.dirty;
}
