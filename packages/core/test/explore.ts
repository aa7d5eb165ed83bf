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
import { Numbers, partiesMost, Worlds } from "./worlds.ts";

/** A handover at one moment: three parties, and the messages under way, in no order. */
export interface World {
  migration: Migration;
  source: SourceHost;
  destination: DestinationHost;
  bag: (Message | Send)[];
}

/** The three parties of a world; what must never be rests on these alone. */
export type Parties = Omit<World, "bag">;

export interface Exploration {
  /** How many worlds were found. */
  size: number;
  /** Each meeting of three parties that was found, once, with the first world in which they meet. */
  met: { parties: Parties; first: number }[];
  world: (index: number) => World;
  /** Worlds from which no way without a fault leads to parties of which `isSettled` holds. */
  stranded: (isSettled: (parties: Parties) => boolean) => number[];
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

/** Every world that can come of `first` with at most `budget` faults; or those found until the first one of which `until` holds. */
export function explore(first: World, budget: number, until?: (parties: Parties) => boolean): Exploration {
  const bag = new Bag();
  const migration = new Automaton<Migration>(keyOfMigration, migrationOutcomes, bag);
  const source = new Automaton<SourceHost>(keyOfHost, sourceOutcomes, bag);
  const destination = new Automaton<DestinationHost>(keyOfHost, destinationOutcomes, bag);
  const worlds = new Worlds();
  const partiesOf = (meeting: number): Parties => {
    const [m, s, d] = worlds.idsOf(meeting);
    return { migration: migration.state(m), source: source.state(s), destination: destination.state(d) };
  };
  const [from, to] = [new Numbers(), new Numbers()];
  const start = [
    migration.idOf(first.migration),
    source.idOf(first.source),
    destination.idOf(first.destination),
  ] as const;
  let [wave, later] = [[worlds.find(...start, bag.bitsOf(first.bag))], new Set<number>()];
  let judged = 0;
  const isEnough = () => {
    for (; judged < worlds.meetings; judged += 1) if (until?.(partiesOf(judged)) === true) return true;
    return false;
  };
  for (let cost = 0; wave.length > 0 && cost <= budget; cost += 1) {
    for (let at = 0; at < wave.length && !isEnough(); at += 1) {
      const here = wave[at] ?? 0;
      const visit = (m: number, s: number, d: number, bits: number, more: number) => {
        if (cost + more > budget) return;
        const known = worlds.size;
        const next = worlds.find(m, s, d, bits);
        if (more > 0) {
          if (next === known) later.add(next);
          return;
        }
        from.push(here);
        to.push(next);
        if (next === known || later.delete(next)) wave.push(next);
      };
      movesOf(worlds, here, [migration, source, destination], bag, visit);
    }
    [wave, later] = [[...later], new Set()];
  }
  return {
    size: worlds.size,
    met: Array.from({ length: worlds.meetings }, (_, meeting) => ({
      parties: partiesOf(meeting),
      first: worlds.firstOf(meeting),
    })),
    world: (index) => ({ ...partiesOf(worlds.meetingOf(index)), bag: bag.messagesIn(worlds.bagOf(index)) }),
    stranded: (isSettled) => {
      const settled = Array.from({ length: worlds.meetings }, (_, meeting) => isSettled(partiesOf(meeting)));
      return leadingNowhere(worlds, from, to, settled);
    },
  };
}

/** Back along the calm moves, over and over, until nothing more is found to lead to what is settled. */
function leadingNowhere(worlds: Worlds, from: Numbers, to: Numbers, settled: readonly boolean[]): number[] {
  const safe = new Uint8Array(worlds.size);
  for (let index = 0; index < worlds.size; index += 1) safe[index] = settled[worlds.meetingOf(index)] ? 1 : 0;
  for (let found = 1; found > 0;) {
    found = 0;
    for (let edge = from.length - 1; edge >= 0; edge -= 1) {
      const before = from.at(edge);
      if (safe[before] === 1 || safe[to.at(edge)] === 0) continue;
      safe[before] = 1;
      found += 1;
    }
  }
  const nowhere: number[] = [];
  for (let index = 0; index < worlds.size; index += 1) if (safe[index] === 0) nowhere.push(index);
  return nowhere;
}

/** A message arrives, is lost, or arrives and will arrive again; or something happens to a party of itself. */
function movesOf(
  worlds: Worlds,
  here: number,
  automata: readonly Pick<Automaton<unknown>, "results">[],
  bag: Bag,
  visit: (migration: number, source: number, destination: number, bag: number, cost: number) => void,
): void {
  const [m, s, d] = worlds.idsOf(worlds.meetingOf(here));
  const bits = worlds.bagOf(here);
  const happens = (party: number, input: number, left: number, fault: 0 | 1) => {
    for (const { next, sent, cost } of automata[party]?.results([m, s, d][party] ?? 0, input) ?? []) {
      const after = left | sent;
      if (party === 0) visit(next, s, d, after, cost + fault);
      else if (party === 1) visit(m, next, d, after, cost + fault);
      else visit(m, s, next, after, cost + fault);
    }
  };
  for (let index = 0; index < bag.size; index += 1) {
    const bit = 1 << index;
    if ((bits & bit) === 0) continue;
    const party = bag.partyOf(index);
    happens(party, index, bits & ~bit, 0);
    happens(party, index, bits, 1);
    visit(m, s, d, bits & ~bit, 1);
  }
  for (let party = 0; party < automata.length; party += 1) happens(party, ofItself, bits, 0);
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
    if (id >= partiesMost) throw new Error("A party has more states than a world's number has room for");
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
