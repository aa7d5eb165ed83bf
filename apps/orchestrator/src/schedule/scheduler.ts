import { plan, type Reason, type Snapshot } from "@godwit/core";
import type { Store } from "@godwit/store";
import type { Logger } from "pino";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import { after, type Clock } from "../clock.ts";
import { factsOf } from "../host-facts.ts";
import type { Runs } from "../runs/runs.ts";
import { allHosts } from "../pages.ts";

/** A database that is away is asked again so soon: nothing else may ever wake the planner. */
const againMs = 1_000;

export interface SchedulerParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  bus: Bus;
  clock: Clock;
  log: Logger;
}

/** The planner's shell: whatever wakes it, it takes a whole picture, asks the core, and passes the decisions on. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  #woken = false;
  #planning: Promise<void> | undefined;
  #isOver = false;
  #forget: () => void = () => undefined;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Disposing waits for the decisions that are being taken. */
  start(): AsyncDisposable {
    const off = this.#parts.bus.on("schedule", () => this.wake());
    this.wake();
    return {
      [Symbol.asyncDispose]: async () => {
        off();
        this.#isOver = true;
        this.#forget();
        this.#woken = false;
        await this.#planning;
      },
    };
  }

  wake(): void {
    this.#woken = true;
    this.#planning ??= this.#plan();
  }

  /** Why one more migration between these hosts would have to wait now; undefined if it would not. */
  async wouldWaitFor(sourceId: string, destinationId: string): Promise<Reason | undefined> {
    const snapshot = await this.#snapshot();
    const candidate = { id: "candidate", sourceId, destinationId };
    const decision = plan({ ...snapshot, queued: [...snapshot.queued, candidate] }).at(-1);
    return decision?.kind === "wait" ? decision.waitsFor : undefined;
  }

  async #plan(): Promise<void> {
    while (this.#woken) {
      this.#woken = false;
      try {
        for (const decision of plan(await this.#snapshot())) {
          const run = this.#parts.runs.get(decision.migrationId);
          run?.post(decision.kind === "admit" ? { type: "admitted" } : { type: "waits", waitsFor: decision.waitsFor });
          await run?.settled();
        }
      } catch (error) {
        this.#parts.log.error(error, "the planner could not take its picture; it tries again");
        this.#forget();
        if (!this.#isOver) this.#forget = after(this.#parts.clock, againMs, () => this.wake());
      }
    }
    // At once after the last look at `#woken`, so that no wake-up falls between.
    this.#planning = undefined;
  }

  async #snapshot(): Promise<Snapshot> {
    const hosts = (await allHosts(this.#parts.store)).map((host) => ({
      id: host.id,
      name: host.name,
      connected: this.#parts.agents.has(host.id),
      paused: host.paused !== undefined,
      cordoned: host.cordoned !== undefined,
      slots: factsOf(host).slots,
    }));
    const states = this.#parts.runs.all().map((run) => run.state);
    const ofPhase = (phases: string[]) =>
      states
        .filter((state) => phases.includes(state.phase))
        .toSorted((a, b) => a.facts.createdAt - b.facts.createdAt || (a.facts.id < b.facts.id ? -1 : 1))
        .map(({ facts }) => ({
          id: facts.id,
          sourceId: facts.source.id,
          destinationId: facts.destination.id,
          returns: facts.returns,
        }));
    return { hosts, running: ofPhase(["preflight", "precopy", "switchover"]), queued: ofPhase(["queued"]) };
  }
}
