import { type Convergence, judge, noConvergence } from "../src/convergence/judge.ts";
import type { Policy } from "../src/convergence/observation.ts";
import type { Verdict } from "../src/convergence/verdict.ts";
import { device, seen, seeded } from "./figures.ts";

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
  seed: number;
}

export interface Outcome {
  verdict: Verdict;
  atMs: number;
  exactAsked: number;
  verdicts: Set<string>;
  /** The downtime if the guest is stopped at the end, by what is truly dirty. */
  trueDowntimeMs: number;
}

const stepMs = 25;
const reportEveryMs = 100;
/** What the model's guest takes to stop and start. */
const ownMs = 12;

/** Runs precopy until it is ready or hopeless, or the time is over. */
export function move(guest: FluidGuest, policy: Policy, limitMs: number): Outcome {
  const random = seeded(guest.seed);
  const fluid = { dirty: guest.totalBytes, hot: guest.hotBytes, left: guest.totalBytes, rounds: 0, sent: 0, busyMs: 0 };
  const verdicts = new Set<string>();
  let memory: Convergence = noConvergence;
  let [exact, exactAsked] = [false, 0];
  for (let atMs = stepMs; ; atMs += stepMs) {
    flow(fluid, guest, random());
    if (atMs % reportEveryMs !== 0) continue;
    const pendingBytes = Math.round(guest.hidesWrites && !exact ? fluid.left : fluid.dirty);
    const judgement = judge(
      memory,
      seen({
        atMs,
        wireBytes: Math.round(fluid.sent),
        busyMs: fluid.busyMs,
        devices: [
          device("ram", { precopyBytes: pendingBytes, rounds: fluid.rounds, sentBytes: Math.round(fluid.sent) }),
        ],
        exact,
      }),
      policy,
    );
    const { verdict } = judgement;
    memory = judgement.memory;
    verdicts.add(verdict.kind);
    exact = judgement.askExact;
    exactAsked += exact ? 1 : 0;
    if (verdict.kind === "ready" || verdict.kind === "hopeless" || atMs >= limitMs) {
      const trueDowntimeMs = ownMs + (fluid.dirty / guest.bytesPerSec) * 1000;
      return { verdict, atMs, exactAsked, verdicts, trueDowntimeMs };
    }
  }
}

interface Fluid {
  dirty: number;
  /** The part of `dirty` that lies in the hot region. */
  hot: number;
  /** Of the pass under way. */
  left: number;
  rounds: number;
  sent: number;
  busyMs: number;
}

function flow(fluid: Fluid, guest: FluidGuest, noise: number): void {
  const could = (guest.bytesPerSec * (0.95 + 0.1 * noise) * stepMs) / 1000;
  const sent = Math.min(could, fluid.left, fluid.dirty);
  if (sent > 0) {
    fluid.hot -= (sent * fluid.hot) / fluid.dirty;
    fluid.dirty -= sent;
    fluid.left -= sent;
    fluid.sent += sent;
    fluid.busyMs += (stepMs * sent) / could;
    if (fluid.left < 1) fluid.rounds += 1;
  }
  const written = (guest.hotBytes - fluid.hot) * (1 - Math.exp((-guest.ratePerSec * stepMs) / 1000));
  fluid.hot += written;
  fluid.dirty += written;
  if (fluid.left < 1) fluid.left = fluid.dirty;
}
