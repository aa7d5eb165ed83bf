import { Random } from "../random.ts";
import { type Fleet, topOf } from "./fleet.ts";
import { Flow } from "./flow.ts";
import { GiveUp } from "./give-up.ts";
import { shareEvenly } from "./max-min.ts";
import type { FleetPlan, FleetPolicy } from "./policy.ts";

/** How the move of one guest ended. `waiting` and `running` are those that had not ended when the run was cut off. */
export interface GuestOutcome {
  outcome: "moved" | "given up" | "refused" | "running" | "waiting";
  /** Of one that was given up or refused. */
  reason: string | undefined;
  destination: number | undefined;
  startedAtMs: number | undefined;
  endedAtMs: number | undefined;
  sentBytes: number;
  downtimeMs: number | undefined;
}

export interface FleetOutcome {
  /** When the last one had ended. */
  makespanMs: number;
  /** It was cut off before all had ended. */
  cut: boolean;
  /** In the fleet's order. */
  guests: GuestOutcome[];
}

export interface FleetRunOptions {
  stepMs?: number;
  /** At the soonest; where one ends or switches over it is planned at once otherwise. */
  leastBetweenPlansMs?: number;
  cutAtMs?: number;
}

const planEverySec = 1;

/** Runs a policy until every guest has been moved, given up or refused, or nothing can start any more. */
export function runFleet(fleet: Fleet, policy: FleetPolicy, options: FleetRunOptions = {}): FleetOutcome {
  return new FleetRun(fleet, policy, options).run();
}

class FleetRun {
  readonly #fleet: Fleet;
  readonly #policy: FleetPolicy;
  readonly #stepSec: number;
  readonly #leastSec: number;
  readonly #cutAtSec: number;
  readonly #random: Random;
  readonly #outcomes: GuestOutcome[];
  readonly #tops: number[];
  readonly #freeBytes: number[];
  /** Of each host: how many of its migrations are in their switchover, at either end. */
  readonly #switching: number[];
  readonly #giveUps = new Map<Flow, GiveUp>();
  #waiting: number[];
  #running: Flow[] = [];
  #atSec = 0;
  #changed = true;
  #plannedAtSec = -Infinity;

  constructor(
    fleet: Fleet,
    policy: FleetPolicy,
    { stepMs = 100, leastBetweenPlansMs = 0, cutAtMs = 36_000_000 }: FleetRunOptions,
  ) {
    this.#fleet = fleet;
    this.#policy = policy;
    this.#stepSec = stepMs / 1000;
    this.#leastSec = leastBetweenPlansMs / 1000;
    this.#cutAtSec = cutAtMs / 1000;
    this.#random = new Random(fleet.seed * 31 + 5);
    this.#waiting = fleet.guests.map((_, index) => index);
    this.#tops = fleet.guests.map((guest) => topOf(fleet, guest));
    this.#freeBytes = fleet.hosts.map(({ freeBytes }) => freeBytes);
    this.#switching = fleet.hosts.map(() => 0);
    this.#outcomes = fleet.guests.map(() => ({
      outcome: "waiting",
      reason: undefined,
      destination: undefined,
      startedAtMs: undefined,
      endedAtMs: undefined,
      sentBytes: 0,
      downtimeMs: undefined,
    }));
  }

  run(): FleetOutcome {
    for (let step = 0; this.#waiting.length > 0 || this.#running.length > 0; step += 1) {
      this.#atSec = step * this.#stepSec;
      if (this.#atSec >= this.#cutAtSec) break;
      const sinceSec = this.#atSec - this.#plannedAtSec + 1e-9;
      if (sinceSec >= planEverySec || (this.#changed && sinceSec >= this.#leastSec)) this.#plan();
      // What does not start in a fleet at rest never will, once there was a plan for it.
      if (this.#running.length === 0 && !this.#changed) break;
      this.#step();
    }
    for (const flow of this.#running) this.#record(flow, "running", undefined, undefined);
    const ends = this.#outcomes.map(({ endedAtMs = 0 }) => endedAtMs);
    const cut = this.#atSec >= this.#cutAtSec;
    return {
      makespanMs: cut ? this.#cutAtSec * 1000 : ends.reduce((last, endMs) => Math.max(last, endMs), 0),
      cut,
      guests: this.#outcomes,
    };
  }

  #plan(): void {
    this.#plannedAtSec = this.#atSec;
    const plan = this.#policy.plan({
      fleet: this.#fleet,
      atMs: Math.round(this.#atSec * 1000),
      waiting: this.#waiting,
      running: this.#running,
      freeBytes: this.#freeBytes,
    });
    for (const { guest, reason } of plan.refusals) {
      Object.assign(this.#outcomes[guest] ?? {}, { outcome: "refused", reason, endedAtMs: this.#atSec * 1000 });
    }
    for (const { guest: index, destination } of plan.starts) {
      const guest = this.#fleet.guests[index];
      if (guest === undefined) throw new Error(`the policy starts guest ${index}, which there is not`);
      const flow = new Flow(index, guest, destination, this.#atSec, this.#stepSec);
      this.#running.push(flow);
      this.#giveUps.set(flow, new GiveUp(this.#policy.patience));
    }
    const gone = new Set([...plan.refusals, ...plan.starts].map(({ guest }) => guest));
    if (gone.size > 0) this.#waiting = this.#waiting.filter((index) => !gone.has(index));
    this.#shareOut(plan, gone.size > 0);
    this.#changed = false;
  }

  #shareOut({ shares }: FleetPlan, started: boolean): void {
    if (shares === undefined) {
      if (this.#changed || started) shareEvenly(this.#running, this.#fleet);
      return;
    }
    for (const flow of this.#running) {
      const share = shares.get(flow.index);
      flow.bytesPerSec = share?.bytesPerSec ?? 0;
      flow.reservedBytesPerSec = share?.reservedBytesPerSec ?? 0;
    }
  }

  #step(): void {
    const endSec = this.#atSec + this.#stepSec;
    let ended = false;
    for (const flow of this.#running) {
      if (flow.stage === "switching") {
        if (flow.endsAtSec > endSec) continue;
        this.#arrive(flow);
        ended = true;
        continue;
      }
      flow.step(this.#atSec, this.#stepSec, this.#random);
      const bytesPerSec = this.#atSwitchover(flow);
      if (flow.isReady(bytesPerSec)) {
        flow.switchOver(endSec, bytesPerSec, this.#random);
        this.#count(flow, 1);
        this.#changed = true;
        continue;
      }
      const why = this.#giveUps.get(flow)?.look(flow, endSec, this.#tops[flow.index] ?? 0);
      if (why === undefined) continue;
      this.#end(flow, "given up", endSec, why);
      ended = true;
    }
    if (!ended) return;
    this.#running = this.#running.filter((flow) => this.#giveUps.has(flow));
    this.#changed = true;
  }

  /** What was reserved is there for one at a time. */
  #atSwitchover({ source, destination, bytesPerSec, reservedBytesPerSec }: Flow): number {
    const taken = (this.#switching[source] ?? 0) + (this.#switching[destination] ?? 0) > 0;
    return taken ? bytesPerSec : Math.max(bytesPerSec, reservedBytesPerSec);
  }

  #count({ source, destination }: Flow, by: number): void {
    for (const host of [source, destination]) this.#switching[host] = (this.#switching[host] ?? 0) + by;
  }

  #arrive(flow: Flow): void {
    this.#count(flow, -1);
    const { source, destination, guest } = flow;
    this.#freeBytes[source] = (this.#freeBytes[source] ?? 0) + guest.ramBytes;
    this.#freeBytes[destination] = (this.#freeBytes[destination] ?? 0) - guest.ramBytes;
    this.#end(flow, "moved", flow.endsAtSec, undefined);
  }

  #end(flow: Flow, outcome: GuestOutcome["outcome"], atSec: number, reason: string | undefined): void {
    this.#giveUps.delete(flow);
    this.#record(flow, outcome, atSec * 1000, reason);
  }

  #record(
    flow: Flow,
    outcome: GuestOutcome["outcome"],
    endedAtMs: number | undefined,
    reason: string | undefined,
  ): void {
    this.#outcomes[flow.index] = {
      outcome,
      reason,
      destination: flow.destination,
      startedAtMs: flow.startedAtSec * 1000,
      endedAtMs,
      sentBytes: flow.sentBytes,
      downtimeMs: outcome === "moved" ? flow.downtimeMs : undefined,
    };
  }
}
