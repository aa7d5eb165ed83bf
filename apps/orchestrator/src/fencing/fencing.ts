import type { FenceHost } from "@godwit/contract";
import { isUnknown, type Migration, type Named } from "@godwit/core";
import type { Fence, HostRecord, NewEvent, Store } from "@godwit/store";
import type { Logger } from "pino";
import type { AgentConnection } from "../agents/connection.ts";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import { after, type Clock, dateOf } from "../clock.ts";
import type { FencingCommand } from "../config.ts";
import type { InTurn } from "../in-turn.ts";
import { allHosts } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import type { Run } from "../runs/run.ts";
import type { Runs } from "../runs/runs.ts";
import { findHost } from "../survey.ts";
import type { Saves } from "../to-file/saves.ts";
import { type Outcome, runFencingCommand } from "./command.ts";

/** Who fences without being asked by anybody. */
const byCommand = "fencing command";
const lookEveryMs = 1_000;

export interface FencingParts {
  store: Store;
  agents: ConnectedAgents;
  runs: Runs;
  saves: Pick<Saves, "fence">;
  bus: Bus;
  clock: Clock;
  log: Logger;
  /** By the host's name. */
  commands: Record<string, FencingCommand>;
  /** Hellos and fences of a host, by its name: neither comes about in the middle of the other. */
  turns: InTurn;
  /** Ends a connection and tells so. */
  bye: (connection: AgentConnection) => Promise<void>;
}

export type Wanted = FenceHost & { by: string };

/** What a fence has come to by the time that it was taken in. */
export interface Fenced {
  hostId: string;
  runs: Run[];
  lostGuests: string[];
}

/**
 * A host is fenced when it is proven unable to run any guest: by an operator's word or a command's exit status, never by silence. The
 * fence is stored first and then carried out, so that a restart in between loses nothing.
 */
export class Fencing implements AsyncDisposable {
  readonly #parts: FencingParts;
  readonly #stopped = new AbortController();
  readonly #running = new Map<string, Promise<Outcome>>();
  /** Hosts that may be fenced, by id: a migration of theirs may end later and leave its guest there. */
  readonly #fenced = new Map<string, string>();
  /** Hosts that are being fenced unasked. */
  readonly #unasked = new Set<string>();
  readonly #triedAt = new Map<string, number>();
  readonly #awaySince = new Map<string, number>();
  #disarm: () => void = () => undefined;

  constructor(parts: FencingParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier process has stored, and begins to look for hosts that a command is to prove dead. */
  async start(): Promise<void> {
    for (const { id, name, fenced } of await allHosts(this.#parts.store)) {
      if (fenced === undefined) continue;
      this.#fenced.set(id, name);
      await this.#parts.saves.fence(id);
    }
    const off = this.#parts.bus.on("schedule", () => void this.#loseLate());
    this.#stopped.signal.addEventListener("abort", off, { once: true });
    await this.#loseLate();
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    this.#disarm();
    await Promise.all(this.#running.values());
  }

  /** @throws {ProblemError} when it is refused, which is told as an event too. */
  async fence(nameOrId: string, wanted: Wanted): Promise<Fenced> {
    const host = await findHost(this.#parts.store, nameOrId);
    try {
      this.#expectAway(host, wanted);
      if (wanted.runCommand) await this.#prove(host);
      return await this.#parts.turns.take(host.name, async () => await this.#carryOut(host, wanted));
    } catch (error) {
      if (error instanceof ProblemError) await this.#tell(refusalOf(host, wanted, error, this.#now()));
      throw error;
    }
  }

  async #carryOut(host: HostRecord, wanted: Wanted): Promise<Fenced> {
    const { store, agents, runs, saves, bye } = this.#parts;
    // It may have come back while its command ran.
    this.#expectAway(host, wanted);
    const connection = agents.get(host.id);
    if (connection !== undefined) await bye(connection);
    const { by, reason, acceptOlderCopy } = wanted;
    const fence = { at: this.#now(), by, reason, acceptOlderCopy };
    const event = fencedEvent(host, fence);
    await store.hosts.fence({ id: host.id, ...fence }, [event]);
    this.#noted(event);
    this.#fenced.set(host.id, host.name);
    const told = await runs.fence(host.id, fence);
    await saves.fence(host.id);
    const lostGuests = await this.#loseGuests(host.id);
    this.#parts.bus.tell("schedule");
    return { hostId: host.id, runs: told, lostGuests };
  }

  #expectAway(host: HostRecord, { yesItIsDead }: Wanted): void {
    if (yesItIsDead || !this.#parts.agents.has(host.id)) return;
    throw new ProblemError(
      "host-connected",
      `The agent of ${host.name} is connected, so that the host seems to live. Fence it only if you know better: yesItIsDead (--yes-it-is-dead).`,
    );
  }

  /** @throws {ProblemError} unless the command says that the host is dead. */
  async #prove(host: Named): Promise<void> {
    const command = this.#parts.commands[host.name];
    if (command === undefined)
      throw new ProblemError("no-fencing-command", `The orchestrator has no fencing command for ${host.name}.`);
    const { dead, how, said } = await this.#runOnce(host, command);
    if (dead) return;
    throw new ProblemError("fencing-failed", [`The fencing command of ${host.name} ${how}.`, ...said].join("\n"));
  }

  /** At most one at a time: whoever asks meanwhile gets the outcome of the one that runs. */
  async #runOnce(host: Named, command: FencingCommand): Promise<Outcome> {
    const running = this.#running.get(host.id) ?? runFencingCommand(command, host, this.#stopped.signal);
    this.#running.set(host.id, running);
    try {
      return await running;
    } finally {
      if (this.#running.get(host.id) === running) this.#running.delete(host.id);
      this.#triedAt.set(host.id, this.#parts.clock.now());
    }
  }

  /** A migration that ends after the fence may leave its guest on the fenced host. A host that came back has no fence any more. */
  async #loseLate(): Promise<void> {
    const { store, turns, log } = this.#parts;
    for (const [id, name] of this.#fenced) {
      await turns
        .take(name, async () => {
          if ((await store.hosts.find(id))?.fenced === undefined) this.#fenced.delete(id);
          else await this.#loseGuests(id);
        })
        .catch((error: unknown) => log.error(error, "the guests of a fenced host could not be looked at"));
    }
  }

  async #loseGuests(hostId: string): Promise<string[]> {
    const { store, bus, log } = this.#parts;
    const says = "is lost: its host was fenced, and no other host has a whole copy of it.";
    const names = await store.guests.loseAllOn(hostId, { type: "guest.lost", at: this.#now(), says });
    for (const name of names) log.error({ host: hostId }, `${name} ${says}`);
    if (names.length > 0) bus.tell("events");
    return names;
  }

  #look(): void {
    if (this.#stopped.signal.aborted) return;
    for (const host of this.#due()) void this.#fenceUnasked(host);
    this.#disarm = after(this.#parts.clock, lookEveryMs, () => this.#look());
  }

  /** The hosts that are away and keep a switchover `unknown`, both for as long as their command is to wait for. */
  #due(): Named[] {
    const now = this.#parts.clock.now();
    const due = this.#parts.runs.all().flatMap(({ state }) => {
      const { source, destination } = state.facts;
      return [source, destination].filter((host) => this.#isDue(host, state, now));
    });
    return [...new Map(due.map((host) => [host.id, host])).values()];
  }

  #isDue({ id, name }: Named, state: Migration, now: number): boolean {
    const afterMs = this.#parts.commands[name]?.afterMs;
    if (afterMs === undefined) return false;
    if (this.#parts.agents.has(id)) this.#awaySince.delete(id);
    else if (!this.#awaySince.has(id)) this.#awaySince.set(id, now);
    const awayMs = now - (this.#awaySince.get(id) ?? now);
    const restedMs = now - (this.#triedAt.get(id) ?? -Infinity);
    if (this.#unasked.has(id) || this.#running.has(id) || this.#fenced.has(id)) return false;
    if (awayMs < afterMs || restedMs < afterMs) return false;
    return state.phase === "switchover" && isUnknown(state, now - afterMs);
  }

  async #fenceUnasked({ id, name }: Named): Promise<void> {
    const acceptOlderCopy = this.#parts.commands[name]?.acceptOlderCopy ?? false;
    const reason = `Nothing was heard of ${name} in a switchover, so its fencing command was run.`;
    const wanted = { by: byCommand, reason, acceptOlderCopy, runCommand: true, yesItIsDead: false };
    this.#unasked.add(id);
    try {
      await this.fence(id, wanted);
    } catch (error) {
      if (!(error instanceof ProblemError)) this.#parts.log.error(error, `${name} could not be fenced`);
    } finally {
      this.#unasked.delete(id);
    }
  }

  async #tell(event: NewEvent): Promise<void> {
    await this.#parts.store.events.add([event]);
    this.#noted(event);
  }

  #noted({ sentence, data }: NewEvent): void {
    this.#parts.log.warn(data, sentence);
    this.#parts.bus.tell("events");
  }

  #now(): Date {
    return dateOf(this.#parts.clock.now());
  }
}

function fencedEvent({ id, name }: HostRecord, { at, by, reason, acceptOlderCopy }: Fence): NewEvent {
  const sentence = `${by} fenced ${name}: ${reason}`;
  return { type: "host.fenced", at, hostId: id, sentence, data: { by, reason, acceptOlderCopy, name } };
}

/** What the command has written is for whoever asked; only how it ended is kept. */
function refusalOf({ id, name }: HostRecord, { by, reason }: Wanted, error: ProblemError, at: Date): NewEvent {
  const sentence = `${name} was not fenced for ${by}. ${error.message.split("\n")[0] ?? ""}`;
  return { type: "host.fence-refused", at, hostId: id, sentence, data: { by, reason, code: error.code, name } };
}
