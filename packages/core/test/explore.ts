import type { MigrationEvent, Send } from "../src/migration/events.ts";
import { type Migration, isEnded } from "../src/migration/state.ts";
import {
  type DestinationHost,
  type Message,
  type SourceHost,
  type Turn,
  crashAfter,
  destinationHears,
  destinationSteps,
  finish,
  guestId,
  restartDestination,
  restartSource,
  sourceHears,
  sourceSteps,
} from "./hosts.ts";
import { rules } from "./rules.ts";

/** A handover at one moment: three parties, and the messages under way, in no order. */
export interface World {
  migration: Migration;
  source: SourceHost;
  destination: DestinationHost;
  bag: (Message | Send)[];
}

export interface Exploration {
  size: number;
  world: (index: number) => World;
  /** From, to: the moves without a fault. */
  calm: [from: number[], to: number[]];
}

/** What can become of a party when something happens to it. A fault (a crash, something that breaks) costs one. */
interface Outcome<State> {
  state: State;
  sent: readonly (Message | Send)[];
  cost: 0 | 1;
}

interface Result {
  next: number;
  sent: number;
  cost: 0 | 1;
}

/** A world in numbers: its parties by their places in the automata, its messages as bits. */
interface Cell {
  parties: [migration: number, source: number, destination: number];
  bag: number;
}

/** Every world that can come of `first` with at most `budget` faults; or those found until the first one of which `until` holds. */
export function explore(first: World, budget: number, until?: (world: World) => boolean): Exploration {
  const bag = new Bag();
  const migration = new Automaton<Migration>(keyOfMigration, migrationOutcomes, bag);
  const source = new Automaton<SourceHost>(keyOfHost, sourceOutcomes, bag);
  const destination = new Automaton<DestinationHost>(keyOfHost, destinationOutcomes, bag);
  const automata = [migration, source, destination] as const;
  const cells: Cell[] = [];
  const indexOf = new Map<number, number>();
  const calm: Exploration["calm"] = [[], []];
  const wanted: number[] = [];
  const world = (index: number): World => {
    const { parties, bag: bits } = cells[index] ?? raise("No such world");
    return {
      migration: migration.state(parties[0]),
      source: source.state(parties[1]),
      destination: destination.state(parties[2]),
      bag: bag.messagesIn(bits),
    };
  };
  const found = (cell: Cell) => {
    const key = numberOf(cell);
    const known = indexOf.get(key);
    if (known !== undefined) return { index: known, isNew: false };
    indexOf.set(key, cells.push(cell) - 1);
    if (until?.(world(cells.length - 1)) === true) wanted.push(cells.length - 1);
    return { index: cells.length - 1, isNew: true };
  };
  found({
    parties: [migration.idOf(first.migration), source.idOf(first.source), destination.idOf(first.destination)],
    bag: bag.bitsOf(first.bag),
  });
  for (let cost = 0, wave = [0]; wave.length > 0 && cost <= budget; cost += 1) {
    const later = new Set<number>();
    for (let at = 0; at < wave.length && wanted.length === 0; at += 1) {
      const from = wave[at] ?? 0;
      const cell = cells[from];
      if (cell === undefined) throw new Error("A wave names a world that was never found");
      for (const { next, cost: more } of movesOf(cell, automata, bag)) {
        if (cost + more > budget) continue;
        const { index, isNew } = found(next);
        if (more === 0) {
          calm[0].push(from);
          calm[1].push(index);
          if (later.delete(index) || isNew) wave.push(index);
        } else if (isNew) later.add(index);
      }
    }
    wave = [...later];
  }
  return { size: cells.length, world, calm };
}

/** Worlds from which no way without a fault leads to one that `isSettled` holds for. */
export function stranded(
  { size, world, calm: [from, to] }: Exploration,
  isSettled: (world: World) => boolean,
): number[] {
  const into: number[][] = Array.from({ length: size }, () => []);
  for (const [edge, target] of to.entries()) into[target]?.push(from[edge] ?? 0);
  const safe = Array.from({ length: size }, (_, index) => isSettled(world(index)));
  const queue = [...safe.keys()].filter((index) => safe[index]);
  for (let at = 0; at < queue.length; at += 1) {
    for (const before of into[queue[at] ?? 0] ?? []) {
      if (safe[before]) continue;
      safe[before] = true;
      queue.push(before);
    }
  }
  return [...safe.keys()].filter((index) => !safe[index]);
}

/** A message arrives, is lost, or arrives and will arrive again; or something happens to a party of itself. */
function movesOf(
  cell: Cell,
  automata: readonly Pick<Automaton<unknown>, "results">[],
  bag: Bag,
): { next: Cell; cost: number }[] {
  const moves: { next: Cell; cost: number }[] = [];
  const happens = (party: number, input: number, bits: number, fault: 0 | 1) => {
    const id = cell.parties[party] ?? raise("No such party");
    for (const { next, sent, cost } of automata[party]?.results(id, input) ?? []) {
      const parties: Cell["parties"] = [...cell.parties];
      parties[party] = next;
      moves.push({ next: { parties, bag: bits | sent }, cost: cost + fault });
    }
  };
  for (let index = 0; index < bag.size; index += 1) {
    const bit = 1 << index;
    if ((cell.bag & bit) === 0) continue;
    const party = bag.partyOf(index);
    happens(party, index, cell.bag & ~bit, 0);
    happens(party, index, cell.bag, 1);
    moves.push({ next: { parties: cell.parties, bag: cell.bag & ~bit }, cost: 1 });
  }
  for (const party of automata.keys()) happens(party, ofItself, cell.bag, 0);
  return moves;
}

const parties = ["orchestrator", "source", "destination"] as const;
/** The input of what happens without a message. */
const ofItself = 31;

/** A party's states and what follows each, reckoned once with the real step functions and then looked up. */
class Automaton<State> {
  readonly #states: State[] = [];
  readonly #ids = new Map<string, number>();
  readonly #results = new Map<number, Result[]>();
  readonly #keyOf: (state: State) => string;
  readonly #outcomes: (state: State, message: Message | Send | undefined) => Outcome<State>[];
  readonly #bag: Bag;

  constructor(
    keyOf: (state: State) => string,
    outcomes: (state: State, message: Message | Send | undefined) => Outcome<State>[],
    bag: Bag,
  ) {
    this.#keyOf = keyOf;
    this.#outcomes = outcomes;
    this.#bag = bag;
  }

  idOf(state: State): number {
    const key = this.#keyOf(state);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#states.push(state) - 1;
    if (id >= statesMax) throw new Error("A party has more states than a world's number has room for");
    this.#ids.set(key, id);
    return id;
  }

  state(id: number): State {
    return this.#states[id] ?? raise("No such state");
  }

  results(id: number, input: number): Result[] {
    const key = id * 32 + input;
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const message = input === ofItself ? undefined : this.#bag.message(input);
    const results = this.#outcomes(this.state(id), message).map(({ state, sent, cost }) => ({
      next: this.idOf(state),
      sent: this.#bag.bitsOf(sent),
      cost,
    }));
    this.#results.set(key, results);
    return results;
  }
}

const statesMax = 256;

/** Every message that has come up, each with a bit of its own. */
class Bag {
  readonly #messages: (Message | Send)[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#messages.length;
  }

  message(index: number): Message | Send {
    return this.#messages[index] ?? raise("No such message");
  }

  partyOf(index: number): number {
    return parties.indexOf(this.message(index).to);
  }

  messagesIn(bits: number): (Message | Send)[] {
    return this.#messages.filter((_, index) => (bits & (1 << index)) !== 0);
  }

  bitsOf(messages: readonly (Message | Send)[]): number {
    return messages.reduce((bits, message) => bits | (1 << this.#placeOf(message)), 0);
  }

  #placeOf(message: Message | Send): number {
    const text = JSON.stringify(message);
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#messages.push(message) - 1;
    if (place >= messagesMax) throw new Error("There are more kinds of messages than a world's number has room for");
    this.#places.set(text, place);
    return place;
  }
}

const messagesMax = 29;

function numberOf({ parties: [migration, source, destination], bag }: Cell): number {
  return ((migration * statesMax + source) * statesMax + destination) * 2 ** messagesMax + bag;
}

/** Without a message, time passes: enough to ask again, or enough for the orchestrator to lose patience. */
function migrationOutcomes(state: Migration, message: Message | Send | undefined): Outcome<Migration>[] {
  if (message === undefined) return [told(state, { type: "tick" }, 1_000), told(state, { type: "tick" }, 60_000)];
  return "event" in message ? [told(state, message.event, 0)] : [];
}

function told(before: Migration, event: MigrationEvent, now: number): Outcome<Migration> {
  const { state, effects } = rules.step(before, event, now);
  return { state: timeless(state), sent: effects, cost: 0 };
}

/** Every moment is the first one, and what only people read is left out: worlds that differ in nothing else are one. */
function timeless(state: Migration): Migration {
  if (isEnded(state)) return { ...state, askedAt: 0, endedAt: 0, released: undefined, downtimeMs: undefined };
  if (state.phase !== "switchover") throw new Error("The exploration begins with the switchover");
  return { ...state, since: 0, askedAt: 0, cause: undefined, released: undefined, heard: {} };
}

function sourceOutcomes(host: SourceHost, message: Message | Send | undefined): Outcome<SourceHost>[] {
  const happens = (turn: Turn<SourceHost>) => whole(turn, restartSource);
  if (message !== undefined && "command" in message) return happens(sourceHears(host, message.command));
  if (message !== undefined) return happens(sourceSteps(host, { type: "loaded" }));
  const stopped = host.handover.at === "freezing" ? happens(sourceSteps(host, { type: "stopped" })) : [];
  return [...stopped, breaking(sourceSteps(host, { type: "failed", ...broke })), crashed(restartSource(host))];
}

function destinationOutcomes(host: DestinationHost, message: Message | Send | undefined): Outcome<DestinationHost>[] {
  const happens = (turn: Turn<DestinationHost>) => whole(turn, restartDestination);
  if (message !== undefined && "command" in message) return happens(destinationHears(host, message.command));
  if (message !== undefined && "peer" in message) {
    const grant = { type: "grant" as const, epoch: host.handover?.epoch ?? 0 };
    return happens(destinationSteps(host, message.peer === "grant" ? grant : { type: "loaded" }));
  }
  const starting = host.handover?.at === "granted";
  return [
    ...(starting ? happens(destinationSteps(host, { type: "started" })) : []),
    ...(starting ? [breaking(destinationSteps(host, { type: "startFailed", ...broke }))] : []),
    breaking(destinationSteps(host, { type: "failed", ...broke })),
    crashed(restartDestination(host)),
  ];
}

const broke = { code: "BROKEN", detail: "a device failed" };

/** The turn is finished, or the agent crashes before any of its acts. */
function whole<Host>(turn: Turn<Host>, restart: (host: Host) => { host: Host; sent: Message[] }): Outcome<Host>[] {
  const { host: state, sent } = finish(turn);
  const crashes = turn.acts.map((_, count) => {
    const part = crashAfter(turn, count);
    return crashed(restart(part.host), part.sent);
  });
  return [{ state, sent, cost: 0 }, ...crashes];
}

function breaking<Host>(turn: Turn<Host>): Outcome<Host> {
  const { host: state, sent } = finish(turn);
  return { state, sent, cost: 1 };
}

function crashed<Host>({ host, sent }: { host: Host; sent: Message[] }, before: Message[] = []): Outcome<Host> {
  return { state: host, sent: [...before, ...sent], cost: 1 };
}

function keyOfMigration(state: Migration): string {
  if (isEnded(state)) return `${state.phase} ${state.owner.role} ${state.owner.epoch} ${state.owes.join("+")}`;
  return state.phase === "switchover" ? state.stage : state.phase;
}

function keyOfHost({ handover, live, devices, parts }: SourceHost | DestinationHost): string {
  const known = parts.get(guestId);
  return `${handover?.at} ${live} ${devices} ${known?.part.as} ${known?.part.epoch} ${known?.refusedEpoch}`;
}

function raise(message: string): never {
  throw new Error(message);
}
