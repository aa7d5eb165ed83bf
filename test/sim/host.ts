import type { JournalEntry } from "@godwit/core";
import { Disk } from "@godwit/sim";
import type { World } from "./world.ts";
import { lineOf } from "../../apps/agent/src/journal.ts";
import type { Machine } from "../../apps/agent/src/machine.ts";
import { AgentProcess } from "./agent-process.ts";

/** A machine: its disk and its devices outlive its agent, and its agent is started again whenever it ends. */
export class Host {
  readonly name: string;
  readonly disk: Disk;
  readonly #world: World;
  agent: AgentProcess | undefined;
  /** It is dead, and comes back only if somebody mends it. */
  isGone = false;
  /** It was, at some time. */
  wasGone = false;
  /** How often the machine was started, and how often its agent has noticed. */
  #starts = 1;
  #noticed = 1;
  #clockOffsetMs: number;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.disk = new Disk(world.random);
    this.#clockOffsetMs = world.random.between(1_000, 10_000_000);
  }

  /** Monotonic by rights; a host that was suspended jumps, and a faulty one steps back. */
  get clockMs(): number {
    return Math.max(0, this.#world.time.nowMs + this.#clockOffsetMs);
  }

  jump(ms: number): void {
    this.#clockOffsetMs += ms;
  }

  /** The guest has been created here before the run. */
  begin(entry: JournalEntry): void {
    this.disk.put("journal", lineOf(entry));
  }

  machine(): Machine {
    return {
      startedAnew: this.#noticed < this.#starts,
      noteStart: async () => {
        this.#noticed = this.#starts;
      },
    };
  }

  start(): void {
    if (this.isGone || this.agent !== undefined) return;
    this.#world.note(this.name, "its agent starts");
    this.agent = new AgentProcess(this.#world, this);
  }

  /** Whatever ended it, it is started again after a while. */
  ended(agent: AgentProcess, why: string, restartMs: number): void {
    if (this.agent !== agent) return;
    this.#world.note(this.name, `its agent has ended: ${why}`);
    this.agent = undefined;
    this.#world.time.after(restartMs, () => this.start());
  }

  crash(restartMs: number): void {
    this.agent?.crash(restartMs);
  }

  /** The power goes: what was not synced is lost, and so is every device. */
  losePower(restartMs: number): void {
    this.#starts += 1;
    this.crash(restartMs);
    this.disk.losePower();
    if (this.#world.deaths.outlivesPower) this.#world.witness.halt(this.name);
    else this.#world.witness.die(this.name);
  }

  disappear(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.wasGone = true;
    this.losePower(0);
    this.#world.deaths.happened(this.name);
  }

  comeBack(): void {
    if (!this.isGone) return;
    this.#world.note(this.name, "the machine is started again");
    this.isGone = false;
    this.start();
  }
}
