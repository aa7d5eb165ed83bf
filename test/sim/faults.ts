import type { Life, Random } from "@godwit/sim";
import type { World } from "./world.ts";

type Fault = (world: World, party: string) => void;

/** A fault and when it comes: at the so-many-th step of a party, counted from the start or from the first `freeze`. */
interface Armed {
  name: string;
  party: string;
  from: "start" | "freeze";
  steps: number;
  act: Fault;
}

/** A device that is to break the next time that it does such a step. */
interface Broken {
  host: string;
  step: string;
}

/** What goes wrong in one run, and when; all of it is drawn before the run begins. */
export class Faults {
  readonly #random: Random;
  readonly #armed: Armed[] = [];
  readonly #broken: Broken[] = [];
  #frozen = false;
  isOver = false;
  /** Of what is said between orchestrator and agents, so much is said twice. */
  repeatedShare = 0;

  constructor(random: Random, hosts: readonly [string, ...string[]]) {
    this.#random = random;
    const count = random.pickWeighted([
      [0, 1],
      [1, 4],
      [2, 4],
      [4, 3],
      [8, 2],
      [16, 1],
    ]);
    for (let index = 0; index < count; index += 1) this.#draw(hosts);
  }

  /** One more: a machine dies in the switchover. */
  armDeath(host: string, steps: number): void {
    this.#armed.push({ name: "death", party: host, from: "freeze", steps, act: disappear });
  }

  get count(): number {
    return this.#armed.length;
  }

  breaks(host: string, step: string): boolean {
    const at = this.isOver ? -1 : this.#broken.findIndex((each) => each.host === host && each.step === step);
    if (at >= 0) this.#broken.splice(at, 1);
    return at >= 0;
  }

  repeats(): boolean {
    return !this.isOver && this.repeatedShare > 0 && this.#random.chance(this.repeatedShare);
  }

  /** Called at every step that anybody takes. */
  onStep(world: World, life: Life, what: string): void {
    if (this.isOver) return;
    if (what.startsWith('send {"type":"freeze"')) this.#frozen = true;
    for (const armed of this.#armed) {
      if (armed.party !== life.name || armed.steps <= 0 || (armed.from === "freeze" && !this.#frozen)) continue;
      armed.steps -= 1;
      if (armed.steps > 0) continue;
      world.note("FAULT", `${armed.name} of ${armed.party}, at ${what}`);
      armed.act(world, armed.party);
      if (!life.alive) return;
    }
  }

  #draw(hosts: readonly [string, ...string[]]): void {
    const random = this.#random;
    const [name, act, at] = random.pickWeighted(kinds);
    const party = at === "server" || (at === "any" && random.chance(0.35)) ? "server" : random.pick(hosts);
    const isLate = random.chance(0.7);
    if (name === "broken device") {
      const step = random.pickWeighted([
        ["open", 1],
        ["precopy", 1],
        ["stop", 2],
        ["final", 2],
        ["load", 3],
        ["start", 4],
      ]);
      this.#broken.push({ host: party, step });
      return;
    }
    const steps = isLate ? random.integer(1, 60) : random.integer(1, 250);
    this.#armed.push({ name, party, from: isLate ? "freeze" : "start", steps, act });
  }
}

const someHosts = (world: World, party: string) => (party === "server" ? world.hostNames : [party]);
const restartMs = ({ random }: World) =>
  random.pickWeighted([
    [random.between(50, 1_000), 5],
    [random.between(1_000, 20_000), 2],
    [random.between(20_000, 60_000), 1],
  ]);
const lastsMs = ({ random }: World) =>
  random.pickWeighted([
    [random.between(50, 1_500), 3],
    [random.between(1_500, 12_000), 3],
    [random.between(12_000, 50_000), 1],
  ]);

const crash: Fault = (world, party) => world.crash(party, restartMs(world));
const losePower: Fault = (world, party) => {
  const comesBackMs = restartMs(world);
  if (world.deaths.isForLong()) world.host(party).disappear();
  else world.host(party).losePower(comesBackMs);
};
const disappear: Fault = (world, party) => world.host(party).disappear();
const die: Fault = (world, party) => world.witness.die(party);
const fill: Fault = (world, party) => {
  const { disk } = world.host(party);
  disk.isFull = true;
  disk.fullAfterMs = world.random.chance(0.5) ? 0 : world.random.between(100, 4_000);
  world.time.after(world.random.between(200, 8_000), () => (disk.isFull = false));
};
const slow: Fault = (world, party) => {
  const { disk } = world.host(party);
  disk.syncMs = world.random.between(200, 3_000);
  world.time.after(lastsMs(world), () => (disk.syncMs = 2));
};
const cut: Fault = (world, party) => {
  for (const host of someHosts(world, party)) world.network.cut(host, "server");
};
const partServer: Fault = (world, party) => {
  for (const host of someHosts(world, party)) world.part(host, "server", lastsMs(world));
};
const partHosts: Fault = (world) => world.part(world.hostNames[0], world.hostNames[1], lastsMs(world));
const storeAway: Fault = (world) => {
  world.store.isAway = true;
  world.time.after(lastsMs(world), () => (world.store.isAway = false));
};
const loseAnswers: Fault = (world) => (world.store.lostAnswers += world.random.integer(1, 3));
const jump: Fault = (world, party) => {
  const ms = world.random.pickWeighted([
    [-3_600_000, 1],
    [-5_000, 1],
    [7_000, 1],
    [3_600_000, 1],
  ]);
  if (party === "server") world.jumpServer(ms);
  else world.host(party).jump(ms);
};
const repeat: Fault = (world) => {
  world.faults.repeatedShare = world.random.between(0.1, 1);
  world.time.after(lastsMs(world), () => (world.faults.repeatedShare = 0));
};
const slowNetwork: Fault = (world) => {
  world.network.slowestMs = world.random.between(20, 400);
  world.time.after(lastsMs(world), () => (world.network.slowestMs = 3));
};

type Kind = readonly [name: string, act: Fault, at: "server" | "host" | "any"];
const kinds: [readonly [Kind, number], ...(readonly [Kind, number])[]] = [
  [["crash", crash, "any"], 12],
  [["loss of power", losePower, "host"], 2],
  [["disappearance", disappear, "host"], 0.5],
  [["death of devices", die, "host"], 1],
  [["full disk", fill, "host"], 5],
  [["slow disk", slow, "host"], 3],
  [["broken connection", cut, "any"], 5],
  [["partition from the server", partServer, "any"], 5],
  [["partition of the hosts", partHosts, "host"], 3],
  [["absence of the store", storeAway, "server"], 3],
  [["loss of the store's answers", loseAnswers, "server"], 3],
  [["jump of the clock", jump, "any"], 2],
  [["slow network", slowNetwork, "any"], 2],
  [["repetition", repeat, "any"], 2],
  [["broken device", () => undefined, "host"], 6],
];
