import type { Scenario } from "./scenario.ts";
import { World } from "./world/world.ts";

/** What could have been done, by one who knows the future. */
export interface Truth {
  /**
   * `feasible`: for 0.3 s or more a stop would have met 97 % of the limit; `infeasible`: no stop would ever have been within 103 %
   * of it; `marginal`: anything between.
   */
  class: "feasible" | "infeasible" | "marginal";
  leastDowntimeMs: number;
  /** When a stop would first have met the limit. */
  firstFitMs: number | undefined;
  /** When everything had been sent once. */
  firstPassMs: number | undefined;
}

const stepMs = 50;
/** Of a scenario that surely is feasible, no more needs to be seen: fitting for so long, and as well below the limit as this. */
const surelyFitMs = 20_000;
const surelyFitShare = 0.6;

/**
 * Sends at full rate to the deadline, with an exact query whenever nothing known is left, and looks at every moment what the
 * downtime would be if the guest were stopped then.
 */
export function truthOf(scenario: Scenario): Truth {
  const { limitMs } = scenario;
  const world = new World(scenario);
  let [leastDowntimeMs, fitMs] = [Infinity, 0];
  let firstFitMs: number | undefined;
  let firstPassMs: number | undefined;
  while (world.atMs < scenario.deadlineMs) {
    if (!world.inSync && world.ram.knownBytes + world.devicesKnownBytes <= 1) {
      if (world.ram.neverSentBytes <= 1) firstPassMs ??= world.atMs;
      world.requestExact();
    }
    world.step(stepMs);
    const boundMs = leastNetMs(world);
    if (boundMs >= limitMs * 1.2 && boundMs >= leastDowntimeMs) continue;
    world.askDevices();
    const downtimeMs = world.trueDowntimeMs();
    leastDowntimeMs = Math.min(leastDowntimeMs, downtimeMs);
    if (downtimeMs > limitMs) continue;
    firstFitMs ??= world.atMs;
    if (downtimeMs <= 0.97 * limitMs) fitMs += stepMs;
    if (fitMs >= surelyFitMs && leastDowntimeMs < surelyFitShare * limitMs) break;
  }
  return { class: classOf(limitMs, leastDowntimeMs, fitMs), leastDowntimeMs, firstFitMs, firstPassMs };
}

/** A lower bound of the downtime that is cheap to have: all RAM that is dirty, at the link's very best. */
function leastNetMs({ ram, scenario }: World): number {
  return ((ram.knownBytes + ram.hiddenBytes) / scenario.linkBytesPerSec) * 1000;
}

function classOf(limitMs: number, leastDowntimeMs: number, fitMs: number): Truth["class"] {
  if (fitMs >= 300) return "feasible";
  return leastDowntimeMs > 1.03 * limitMs ? "infeasible" : "marginal";
}
