import type { Life } from "@godwit/sim";
import { Network, Random, VirtualTime } from "@godwit/sim";
import { type Logger, pino } from "pino";
import { foldJournal, type JournalEntry, type Parts } from "@godwit/core";
import { Deaths } from "./deaths.ts";
import { Faults } from "./faults.ts";
import { drawGuest, guestId, hostIdOf, type SimulatedGuest } from "./guest.ts";
import { Host } from "./host.ts";
import type { Outgoing } from "./outgoing.ts";
import { ServerProcess } from "./server-process.ts";
import { StoredWorld } from "./store.ts";
import { Witness } from "./witness.ts";

const silent = pino({ level: "silent" });
const startOfWallMs = Date.UTC(2026, 0, 1);

/** The whole system in one process: a server with its store, two or three hosts, one guest, one seed. */
export class World {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: Network;
  readonly store: StoredWorld;
  readonly faults: Faults;
  readonly deaths: Deaths;
  readonly guest: SimulatedGuest;
  readonly witness: Witness;
  readonly hostNames: readonly [string, string, ...string[]];
  readonly objections: string[] = [];
  readonly trace: string[] = [];
  readonly #isTold: boolean;
  readonly #hosts = new Map<string, Host>();
  #given = 1;
  #wallJumpMs = 0;
  server: ServerProcess | undefined;

  constructor(seed: number, isTold: boolean) {
    this.#isTold = isTold;
    this.random = new Random(seed);
    this.network = new Network(this.time, this.random);
    this.store = new StoredWorld(this.random);
    this.hostNames = this.random.chance(0.3) ? ["alpha", "beta", "gamma"] : ["alpha", "beta"];
    this.guest = drawGuest(this.random);
    this.faults = new Faults(this.random, this.hostNames);
    this.deaths = new Deaths(this, seed);
    this.witness = new Witness(this.guest.devices, (what) => this.note("witness", what));
    for (const name of this.hostNames) this.#hosts.set(name, new Host(this, name));
    this.witness.create("alpha");
    const definitions = this.guest.devices.map((name) => ({ name, kind: "memory", config: {} }));
    this.host("alpha").begin({ entry: "created", guestId, name: "web", definitions });
    this.startServer();
    for (const host of this.#hosts.values()) host.start();
  }

  get hosts(): Host[] {
    return [...this.#hosts.values()];
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`There is no host ${name}`);
    return host;
  }

  hostById(id: string): Host {
    return this.host(this.hostNames.find((name) => hostIdOf(name) === id) ?? id);
  }

  get serverWallMs(): number {
    return startOfWallMs + this.time.nowMs + this.#wallJumpMs;
  }

  /** Shows at its next start only: a running one goes by the monotonic clock. */
  jumpServer(ms: number): void {
    this.#wallJumpMs += ms;
  }

  startServer(): void {
    if (this.server !== undefined) return;
    this.note("server", "it starts");
    this.server = new ServerProcess(this);
  }

  serverEnded(server: ServerProcess, restartMs: number): void {
    if (this.server !== server) return;
    this.note("server", "it has ended");
    this.server = undefined;
    this.time.after(restartMs, () => this.startServer());
  }

  crash(party: string, restartMs: number): void {
    if (party === "server") this.server?.crash(restartMs);
    else this.host(party).crash(restartMs);
  }

  part(a: string, b: string, forMs: number): void {
    this.network.part(a, b);
    this.time.after(forMs, () => this.network.heal(a, b));
  }

  outgoingOf(host: string, migrationId: string, ticket: string): Outgoing | undefined {
    const agent = this.host(host).agent;
    const outgoing = agent?.life.alive === true ? agent.plane.outgoingOf(migrationId) : undefined;
    return outgoing?.order.ticket === ticket && !outgoing.isOver ? outgoing : undefined;
  }

  readonly onStep = (life: Life, what: string): void => this.faults.onStep(this, life, what);

  /** A number that nobody else has got. */
  next(): number {
    this.#given += 1;
    return this.#given;
  }

  /** From now on nothing goes wrong any more, and what went wrong is mended. */
  calmDown(): void {
    this.note("world", "faults are over");
    this.faults.isOver = true;
    this.network.healAll();
    this.network.slowestMs = 3;
    this.store.isAway = false;
    this.store.lostAnswers = 0;
    // A planner that could not take its picture is woken by the next thing that happens; here that is nothing any more.
    this.server?.bus.tell("schedule");
    for (const { disk } of this.#hosts.values()) {
      disk.isFull = false;
      disk.syncMs = 2;
    }
  }

  agentBroke(host: string, error: unknown): void {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    this.note(host, `its agent breaks: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    // A full disk is a reason to end; anything else is a fault of the program's.
    if (code !== "ENOSPC") this.object(`the agent of ${host} broke: ${String(error)}`);
  }

  object(what: string): void {
    this.note("OBJECTION", what);
    this.objections.push(what);
  }

  note(who: string, what: string | (() => string)): void {
    if (!this.#isTold) return;
    const text = typeof what === "string" ? what : what();
    this.trace.push(`${(this.time.nowMs / 1000).toFixed(4).padStart(9)}  ${who.padEnd(8)} ${text}`);
  }

  logOf(who: string): Logger {
    if (!this.#isTold) return silent;
    return pino({ level: "info", base: null }, { write: (line: string) => this.note(who, `logs ${line.trim()}`) });
  }
}

/** What a host's journal says, read as an agent would after its next start. */
export function partsOf(host: Host): Parts {
  const lines = host.disk.textOf("journal").split("\n").slice(0, -1);
  return lines.reduce<Parts>(
    // What the agent wrote it may be trusted with.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    (parts, line) => foldJournal(parts, JSON.parse(line.slice(17)) as JournalEntry),
    new Map(),
  );
}
