import type { Send } from "../src/migration/events.ts";
import type { DestinationHost, Message, SourceHost } from "./hosts.ts";
import { fencings, type Orchestrated, keyOfOrchestrated } from "./orchestrated.ts";
import { sayHello } from "./restarts.ts";
import {
  destinationDies,
  destinationOutcomes,
  keyOfHost,
  olderCopyIsAccepted,
  orchestratorIsTold,
  orchestratorOutcomes,
  type Outcome,
  sourceDies,
  sourceOutcomes,
} from "./outcomes.ts";
import { Numbers, partiesMost, Worlds } from "./worlds.ts";

/** A handover at one moment: three parties, and the messages under way, in no order. */
export interface World extends Orchestrated {
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

interface Result {
  next: number;
  sent: number;
  cost: 0 | 1;
}

export interface Explorer {
  /** So many faults at most: a message lost or doubled, a crash, something that breaks, a host that dies or comes back. */
  budget: number;
  /** Hosts die, and are fenced once they are dead, at any moment. */
  deaths?: boolean;
  /** The source's devices die while they stand still. */
  devicesDie?: boolean;
  /** It is enough to have found parties of which this holds. */
  until?: (parties: Parties) => boolean;
}

/** Every world that can come of `first`. */
export function explore(first: World, { budget, deaths = false, devicesDie = false, until }: Explorer): Exploration {
  const moving = movingParties({ deaths, devicesDie });
  const { automata, bag } = moving;
  const [orchestrator, source, destination] = automata;
  const worlds = new Worlds();
  const partiesOf = (meeting: number): Parties => {
    const [m, s, d] = worlds.idsOf(meeting);
    return { ...orchestrator.state(m), source: source.state(s), destination: destination.state(d) };
  };
  const [from, to] = [new Numbers(), new Numbers()];
  const start = [
    orchestrator.idOf({ migration: first.migration, known: first.known }),
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
      movesOf(worlds, here, moving, visit);
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

interface Moving {
  automata: readonly [Automaton<Orchestrated>, Automaton<SourceHost>, Automaton<DestinationHost>];
  bag: Bag;
  hellos: { source: Hellos<SourceHost>; destination: Hellos<DestinationHost> };
  deaths: boolean;
  devicesDie: boolean;
}

function movingParties({ deaths, devicesDie }: Pick<Moving, "deaths" | "devicesDie">): Moving {
  const bag = new Bag();
  const source = new Automaton<SourceHost>(
    keyOfHost,
    (state, input) => (input === death ? sourceDies(state) : sourceOutcomes(state, bag.at(input), devicesDie)),
    bag,
  );
  const destination = new Automaton<DestinationHost>(
    keyOfHost,
    (state, input) => (input === death ? destinationDies(state) : destinationOutcomes(state, bag.at(input))),
    bag,
  );
  const orchestrator = new Automaton<Orchestrated>(
    keyOfOrchestrated,
    (state, input) => {
      if (input === acceptance) return olderCopyIsAccepted(state);
      const fencing = fencings[input - firstFencing];
      return fencing === undefined ? orchestratorOutcomes(state, bag.at(input)) : orchestratorIsTold(state, fencing);
    },
    bag,
  );
  const hellos = {
    source: new Hellos("source", orchestrator, source, bag),
    destination: new Hellos("destination", orchestrator, destination, bag),
  };
  return { automata: [orchestrator, source, destination], bag, hellos, deaths, devicesDie };
}

/** A message arrives, is lost, or arrives and will arrive again; or something happens to a party of itself. */
function movesOf(
  worlds: Worlds,
  here: number,
  { automata, bag, hellos, deaths, devicesDie }: Moving,
  visit: (orchestrator: number, source: number, destination: number, bag: number, cost: number) => void,
): void {
  const [m, s, d] = worlds.idsOf(worlds.meetingOf(here));
  const bits = worlds.bagOf(here);
  const [, source, destination] = automata;
  const alive = { source: source.state(s).alive, destination: destination.state(d).alive };
  const unheard = (alive.source ? 0 : bag.bitsTo("source")) | (alive.destination ? 0 : bag.bitsTo("destination"));
  const happens = (party: number, input: number, left: number, fault: 0 | 1) => {
    for (const { next, sent, cost } of automata[party]?.results([m, s, d][party] ?? 0, input) ?? []) {
      const after = left | (sent & ~unheard);
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
  if (devicesDie) happens(0, acceptance, bits, 0);
  if (!deaths) return;
  // The connections to a machine end with it, and with them what was under way to it.
  if (alive.source) happens(1, death, bits & ~bag.bitsTo("source"), 0);
  if (alive.destination) happens(2, death, bits & ~bag.bitsTo("destination"), 0);
  fencings.forEach(({ role }, index) => {
    if (!alive[role]) happens(0, firstFencing + index, bits, 0);
  });
  for (const { state, host, sent, cost } of hellos.source.of(m, s))
    visit(state, host, d, bits | (sent & ~unheard), cost);
  for (const { state, host, sent, cost } of hellos.destination.of(m, d))
    visit(state, s, host, bits | (sent & ~unheard), cost);
}

/** What comes of a machine that says hello: of two parties at once, reckoned once and then looked up. */
class Hellos<Host extends SourceHost | DestinationHost> {
  readonly #known = new Map<number, { state: number; host: number; sent: number; cost: 0 | 1 }[]>();
  readonly #role: "source" | "destination";
  readonly #orchestrator: Automaton<Orchestrated>;
  readonly #hosts: Automaton<Host>;
  readonly #bag: Bag;

  constructor(role: "source" | "destination", orchestrator: Automaton<Orchestrated>, hosts: Automaton<Host>, bag: Bag) {
    this.#role = role;
    this.#orchestrator = orchestrator;
    this.#hosts = hosts;
    this.#bag = bag;
  }

  of(orchestrator: number, host: number) {
    const key = orchestrator * partiesMost + host;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const said = sayHello(this.#orchestrator.state(orchestrator), this.#role, this.#hosts.state(host));
    const found =
      said === undefined
        ? []
        : [
            {
              state: this.#orchestrator.idOf(said.state),
              host: this.#hosts.idOf(said.host),
              sent: this.#bag.bitsOf(said.sent),
              cost: said.cost,
            },
          ];
    this.#known.set(key, found);
    return found;
  }
}

const parties = ["orchestrator", "source", "destination"] as const;
/** The inputs that are no message: what happens of itself, the death of a host, and its fencing. */
const ofItself = 32;
const death = 33;
const firstFencing = 34;
const acceptance = 63;
const inputsMost = 64;

/** A party's states and what follows each, reckoned once with the real step functions and then looked up. */
class Automaton<State> {
  readonly #states: State[] = [];
  readonly #ids = new Map<string, number>();
  readonly #results = new Map<number, Result[]>();
  readonly #keyOf: (state: State) => string;
  readonly #outcomes: (state: State, input: number) => Outcome<State>[];
  readonly #bag: Bag;

  constructor(keyOf: (state: State) => string, outcomes: (state: State, input: number) => Outcome<State>[], bag: Bag) {
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
    const key = id * inputsMost + input;
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const results = this.#outcomes(this.state(id), input).map(({ state, sent, cost }) => ({
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

  /** The message that an input is, if it is one. */
  at(input: number): Message | Send | undefined {
    return input === ofItself ? undefined : this.message(input);
  }

  bitsTo(to: "source" | "destination"): number {
    return this.#messages.reduce((bits, message, index) => (message.to === to ? bits | (1 << index) : bits), 0);
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

const messagesMax = 31;

function raise(message: string): never {
  throw new Error(message);
}
