import {
  type MigrationEvent,
  type Placed,
  planSchedule,
  type QueuedMove,
  type Reason,
  type ScheduleDecision,
} from "@godwit/core";
import type { Store } from "@godwit/store";
import type { Logger } from "pino";
import type { Bus } from "../bus.ts";
import { after, type Clock } from "../clock.ts";
import { pathOf } from "../host-facts.ts";
import { learntOf } from "../learnt.ts";
import type { Run } from "../runs/run.ts";
import type { Runs } from "../runs/runs.ts";
import { hasWork, type Picture, type PictureParts, takePicture } from "./picture.ts";

/** Times come and go without anybody's saying so; and a database that is away is asked again so soon. */
const againMs = 1_000;

export interface SchedulerParts extends PictureParts {
  store: Store;
  runs: Runs;
  bus: Bus;
  clock: Clock;
  log: Logger;
}

export interface Planned {
  now: number;
  picture: Picture;
  decisions: readonly ScheduleDecision[];
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
    if (this.#isOver) return;
    this.#woken = true;
    this.#planning ??= this.#plan();
  }

  /** What is to be decided as things are at this moment; nothing of it is done. */
  async planned(): Promise<Planned> {
    const now = this.#parts.clock.now();
    const picture = await takePicture(this.#parts, now);
    return { now, picture, decisions: planSchedule(picture.fleet, now) };
  }

  /** Why one more migration, as it is asked for, would have to wait now, or would never start; undefined if it would start. */
  async wouldWaitFor(candidate: QueuedMove): Promise<Reason | undefined> {
    const now = this.#parts.clock.now();
    const { fleet } = await takePicture(this.#parts, now);
    const decisions = planSchedule({ ...fleet, queued: [...fleet.queued, candidate] }, now);
    const decision = decisions.find(({ migrationId }) => migrationId === candidate.id);
    if (decision?.kind === "wait") return decision.waitsFor;
    return decision?.kind === "refuse" ? decision.because : undefined;
  }

  async #plan(): Promise<void> {
    while (this.#woken) {
      this.#woken = false;
      this.#forget();
      try {
        await this.#carryOut(await this.planned());
      } catch (error) {
        this.#parts.log.error(error, "the planner could not take its picture; it tries again");
        this.#again();
        continue;
      }
      if (hasWork(this.#parts.runs)) this.#again();
    }
    // At once after the last look at `#woken`, so that no wake-up falls between.
    this.#planning = undefined;
  }

  #again(): void {
    this.#forget();
    if (!this.#isOver) this.#forget = after(this.#parts.clock, againMs, () => this.wake());
  }

  /** S7: who is to take less hears it before anybody may take more. */
  async #carryOut({ decisions, picture }: Planned): Promise<void> {
    const lessens = (each: ScheduleDecision) => each.kind === "share" && this.#isLess(each);
    for (const part of [decisions.filter(lessens), decisions.filter((each) => !lessens(each))]) {
      await Promise.all(part.map((decision) => this.#tell(decision, picture)));
    }
  }

  async #tell(decision: ScheduleDecision, picture: Picture): Promise<void> {
    const run = this.#parts.runs.get(decision.migrationId);
    if (run === undefined) return;
    const event = eventOf(decision);
    const placed = decision.kind === "admit" ? await this.#placed(run, decision.destinationId, picture) : undefined;
    run.post(event.type === "admitted" ? { ...event, placed } : event);
    await run.settled();
  }

  /** S10: where the planner takes it, if that is another host than was thought of. */
  async #placed({ state }: Run, destinationId: string, { hosts }: Picture): Promise<Placed | undefined> {
    const { facts } = state;
    const [source, destination] = [hosts.get(facts.source.id), hosts.get(destinationId)];
    if (destinationId === facts.destination.id || source === undefined || destination === undefined) return undefined;
    const devices = facts.devices.map(({ name, kind, version }) => ({ name, kind, version }));
    const learned = await learntOf(this.#parts.store, { sourceId: source.id, destinationId }, devices);
    const { id, name } = destination;
    return { destination: { id, name }, linkBytesPerSec: pathOf(source, destination), learned };
  }

  #isLess({ migrationId, bytesPerSec = Infinity }: ScheduleDecision & { kind: "share" }): boolean {
    return Math.floor(bytesPerSec) < (shareOf(this.#parts.runs.get(migrationId)) ?? Infinity);
  }
}

/** Never more than what was given. */
function whole(bytesPerSec: number | undefined): number | undefined {
  return bytesPerSec === undefined ? undefined : Math.floor(bytesPerSec);
}

function shareOf(run: Run | undefined): number | undefined {
  return run?.state.share?.bytesPerSec;
}

/** A decision as the migration is told it. */
function eventOf(decision: ScheduleDecision): MigrationEvent {
  switch (decision.kind) {
    case "admit": {
      const { guaranteedBytesPerSec, conditions, because } = decision;
      const bytesPerSec = whole(decision.bytesPerSec);
      const share = {
        guaranteedBytesPerSec,
        bytesPerSec,
        reservedBytesPerSec: undefined,
        mostBytesPerSec: bytesPerSec,
        because,
        conditions,
      };
      return { type: "admitted", share, because };
    }
    case "wait":
      return { type: "waits", waitsFor: decision.waitsFor, expectedStartAt: decision.expectedStartAt };
    case "refuse":
      return { type: "denied", because: decision.because };
    case "share": {
      const { bytesPerSec, reservedBytesPerSec, because } = decision;
      return { type: "shared", bytesPerSec: whole(bytesPerSec), reservedBytesPerSec, because };
    }
    case "hold":
    case "release":
      return { type: "windowed", shut: decision.kind === "hold" ? decision.because : undefined };
  }
}
