import type { MigrationEvent, Send } from "../src/migration/events.ts";
import { type Migration, isEnded, queued } from "../src/migration/state.ts";
import { resume } from "../src/migration/resume.ts";
import { step } from "../src/migration/step.ts";
import { MB, device, seen, stored } from "./figures.ts";
import { facts } from "./facts.ts";
import {
  type DestinationHost,
  type Message,
  type SourceHost,
  type Turn,
  destinationHears,
  destinationSteps,
  finish,
  newDestination,
  newSource,
  sourceHears,
  sourceSteps,
} from "./hosts.ts";
import { restartDestination, restartSource } from "./restarts.ts";
import { plainLimits } from "./policies.ts";

/** One thing that happens; `pick` says to which of the messages under way, or after how many acts. */
export interface Happening {
  kind:
    | "deliver"
    | "lose"
    | "double"
    | "wait"
    | "report"
    | "devices"
    | "breakSource"
    | "breakDestination"
    | "crashSource"
    | "crashDestination"
    | "restartOrchestrator"
    | "hold"
    | "letGo"
    | "switchOver"
    | "cancel";
  pick: number;
}

/** A whole migration from the queue to its end: an orchestrator and two hosts, and whatever happens to them. */
export class Course {
  migration: Migration = queued(facts, plainLimits);
  source: SourceHost = newSource();
  destination: DestinationHost = newDestination;
  readonly #bag: (Message | Send)[] = [];
  #now = 0;
  #sentBytes = 0;
  #rounds: { live: boolean; exact: number | undefined } = { live: false, exact: undefined };

  constructor() {
    this.#tell({ type: "admitted" });
  }

  get isOver(): boolean {
    return isEnded(this.migration) && this.migration.owes.length === 0;
  }

  happens({ kind, pick }: Happening): void {
    switch (kind) {
      case "deliver":
        return this.#deliver(this.#bag.splice(pick % (this.#bag.length || 1), 1)[0]);
      case "lose":
        this.#bag.splice(pick % (this.#bag.length || 1), 1);
        return;
      case "double":
        return this.#deliver(this.#bag[pick % (this.#bag.length || 1)]);
      case "wait":
        return this.#wait([100, 1_000, 5_000, 31_000][pick % 4] ?? 0);
      case "report":
        return this.#report();
      case "devices":
        return this.#devices();
      case "breakSource":
        return this.#onSource(sourceSteps(this.source, { type: "failed", ...broke }));
      case "breakDestination":
        return this.#onDestination(destinationSteps(this.destination, { type: "failed", ...broke }));
      case "crashSource":
        return this.#restartSource();
      case "crashDestination":
        return this.#restartDestination();
      case "restartOrchestrator":
        this.migration = resume(stored(this.migration), this.#now);
        return;
      case "hold":
        return this.#tell({ type: "limitsChanged", change: { hold: true }, by: "ann" });
      case "letGo":
        return this.#tell({ type: "limitsChanged", change: { hold: false }, by: "ann" });
      case "switchOver":
        return this.#tell({ type: "switchoverAsked", at: pick % 2 === 0 ? "now" : "minimum", by: "ann" });
      case "cancel":
        return this.#tell({ type: "cancel" });
    }
  }

  /** Faults have stopped and nobody holds it: everything arrives, devices do their work, time goes on. Returns the time until it is over. */
  calmDown(limitMs: number): number {
    const from = this.#now;
    this.happens({ kind: "letGo", pick: 0 });
    while (!this.isOver && this.#now - from < limitMs) {
      while (this.#bag.length > 0) this.#deliver(this.#bag.shift());
      this.#devices();
      this.#report();
      this.#wait(100);
    }
    return this.#now - from;
  }

  #wait(ms: number): void {
    this.#now += ms;
    this.#tell({ type: "tick" });
  }

  #tell(event: MigrationEvent): void {
    const { state, effects } = step(this.migration, event, this.#now);
    this.migration = state;
    this.#bag.push(...effects);
  }

  #deliver(message: Message | Send | undefined): void {
    if (message === undefined) return;
    if (message.to === "orchestrator") return this.#tell(message.event);
    if ("command" in message)
      return message.to === "source" ? this.#commandSource(message) : this.#commandDestination(message);
    if (message.peer === "loaded") return this.#onSource(sourceSteps(this.source, { type: "loaded" }));
    const grant = { type: "grant" as const, epoch: this.destination.handover?.epoch ?? 0 };
    this.#onDestination(destinationSteps(this.destination, message.peer === "grant" ? grant : { type: "loaded" }));
  }

  #commandSource({ command }: Pick<Send, "command">): void {
    if (command.type === "precopy") this.#rounds.live = this.source.live;
    if (command.type === "exact") this.#rounds.exact = command.sequence;
    this.#onSource(sourceHears(this.source, command));
  }

  #commandDestination({ command }: Pick<Send, "command">): void {
    this.#onDestination(destinationHears(this.destination, command));
  }

  /** The rounds get somewhere, and what is left fits as soon as somebody asks exactly. */
  #report(): void {
    if (!this.#rounds.live || !this.source.live || this.source.handover.at !== "owns") return;
    const { exact } = this.#rounds;
    this.#rounds.exact = undefined;
    this.#sentBytes += 100 * MB;
    const ram = device("ram", { precopyBytes: MB, rounds: 1, sentBytes: this.#sentBytes });
    const busyMs = this.#sentBytes / MB;
    const observation = seen({ atMs: this.#now, wireBytes: this.#sentBytes, busyMs, devices: [ram] });
    this.#bag.push({ to: "orchestrator", event: { type: "report", observation, exact, syncMs: 1 } });
  }

  #devices(): void {
    if (this.source.handover.at === "freezing") this.#onSource(sourceSteps(this.source, { type: "stopped" }));
    if (this.destination.handover?.at === "granted")
      this.#onDestination(destinationSteps(this.destination, { type: "started" }));
  }

  #onSource(turn: Turn<SourceHost>): void {
    const { host, sent } = finish(turn);
    this.source = host;
    this.#bag.push(...sent);
  }

  #onDestination(turn: Turn<DestinationHost>): void {
    const { host, sent } = finish(turn);
    this.destination = host;
    this.#bag.push(...sent);
  }

  #restartSource(): void {
    this.#rounds = { live: false, exact: undefined };
    const { host, sent } = restartSource(this.source);
    this.source = host;
    this.#bag.push(...sent);
  }

  #restartDestination(): void {
    const { host, sent } = restartDestination(this.destination);
    this.destination = host;
    this.#bag.push(...sent);
  }
}

const broke = { code: "BROKEN", detail: "a device failed" };
