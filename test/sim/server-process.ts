import { type End, Life } from "@godwit/sim";
import { FromAgent } from "@godwit/contract";
import type { WebSocket } from "ws";
import { AgentConnection } from "../../apps/orchestrator/src/agents/connection.ts";
import { ConnectedAgents } from "../../apps/orchestrator/src/agents/connected.ts";
import { Farewells } from "../../apps/orchestrator/src/agents/farewells.ts";
import { bye, greet, type GreetingParts, keepGuests } from "../../apps/orchestrator/src/agents/greeting.ts";
import { Bus } from "../../apps/orchestrator/src/bus.ts";
import type { Clock } from "../../apps/orchestrator/src/clock.ts";
import { Fencing } from "../../apps/orchestrator/src/fencing/fencing.ts";
import { InTurn } from "../../apps/orchestrator/src/in-turn.ts";
import { Metrics } from "../../apps/orchestrator/src/metrics.ts";
import { Recorder } from "../../apps/orchestrator/src/runs/recorder.ts";
import { Runs } from "../../apps/orchestrator/src/runs/runs.ts";
import { Scheduler } from "../../apps/orchestrator/src/schedule/scheduler.ts";
import { Saves } from "../../apps/orchestrator/src/to-file/saves.ts";
import type { World } from "./world.ts";

/** Every report costs the judge's time: as few as will do. */
const reportEveryMs = 400;
const metrics = new Metrics();

/** One run of the orchestrator, put together as its `main.ts` does it; without the API, which only asks and shows. */
export class ServerProcess {
  readonly life: Life;
  readonly runs: Runs;
  readonly agents = new ConnectedAgents();
  readonly bus = new Bus();
  readonly clock: Clock;
  readonly #world: World;
  readonly #greeting: GreetingParts;
  readonly #farewells: Farewells;
  readonly #turns = new InTurn();
  readonly fencing: Fencing;
  isReady = false;

  constructor(world: World) {
    this.#world = world;
    this.life = new Life("server", world.time, world.onStep);
    const { life, agents, bus } = this;
    // Within a run it never goes back; from run to run it follows the host's, which may.
    const startedAt = world.serverWallMs;
    const fromMs = world.time.nowMs;
    this.clock = { now: () => startedAt + world.time.nowMs - fromMs, after: (ms, task) => life.after(ms, task) };
    const { clock } = this;
    const log = world.logOf("server");
    const store = world.store.usedBy(life);
    const recorder = new Recorder({ store, clock, log });
    this.runs = new Runs({ store, agents, bus, clock, log, metrics, recorder });
    const saves = new Saves({ store, agents, bus, clock, log });
    this.#greeting = { store, agents, runs: this.runs, saves, bus, clock, reportEveryMs, log };
    this.#farewells = new Farewells(this.#greeting);
    const ending = (connection: AgentConnection) => bye(this.#greeting, connection);
    const fenced = {
      store,
      agents,
      runs: this.runs,
      saves,
      bus,
      clock,
      log,
      turns: this.#turns,
      commands: {},
      bye: ending,
    };
    this.fencing = new Fencing(fenced);
    const cluster = { preparing: 64, moving: 256 };
    const scheduler = new Scheduler({ store, agents, runs: this.runs, bus, clock, log, cluster });
    const cannotStart = (error: unknown) => {
      world.note("server", `it cannot start: ${String(error)}`);
      this.crash(world.random.between(500, 3_000));
    };
    life.after(0, () => void this.#run(scheduler).catch(cannotStart));
  }

  crash(restartMs: number): void {
    if (!this.life.alive) return;
    this.life.end();
    this.#world.serverEnded(this, restartMs);
  }

  async #run(scheduler: Scheduler): Promise<void> {
    await this.runs.adoptAll();
    await this.fencing.start();
    this.#world.network.listen("server", this.life, (end) => this.#converse(end));
    scheduler.start();
    this.isReady = true;
  }

  /** The first message is the hello; until it has been taken in, later ones wait in order. */
  #converse(end: End): void {
    let greeting: Promise<AgentConnection> | undefined;
    this.life.atEnd(() => end.close());
    const receive = (text: string) => {
      if (!this.life.passes("hear")) return;
      const parsed = FromAgent.safeParse(JSON.parse(text));
      if (!parsed.success) return this.#world.object(`the server does not understand ${text}: ${parsed.error.message}`);
      const message = parsed.data;
      if (greeting === undefined) {
        if (message.type !== "hello") return this.#world.object(`${message.type} comes before the hello`);
        const connect = (hostId: string) => new AgentConnection(hostId, message, this.#socketOf(end));
        greeting = this.#turns.take(message.name, () => greet(this.#greeting, message, connect));
        greeting.catch((error: unknown) => {
          this.#world.note("server", `a hello could not be taken in: ${String(error)}`);
          end.close();
        });
        return;
      }
      void greeting.then(
        (connection) => connection.answered(message) || this.#hear(connection, message),
        () => undefined,
      );
    };
    const closed = () => {
      if (this.life.alive)
        void greeting?.then(
          (connection) => this.#farewells.say(connection),
          () => undefined,
        );
    };
    end.hear({ receive, closed });
  }

  #hear(connection: AgentConnection, message: FromAgent): void {
    // Nobody lies in this world: what is refused was refused by mistake.
    if (message.type === "rejected") this.#world.object(`an agent refused ${JSON.stringify(message)}`);
    else if (message.type === "misplaced") this.#world.object("a guest was saved, which nobody has asked for");
    else if ("migrationId" in message) this.runs.hear(connection.hostId, message);
    else if (message.type === "guests") void keepGuests(this.#greeting, connection.hostId, message.guests);
  }

  /** Of a websocket only what a connection uses. */
  #socketOf(end: End): WebSocket {
    const socket = {
      bufferedAmount: 0,
      on: () => undefined,
      send: (text: string) => {
        if (!this.life.passes(`send ${text.slice(0, 20)}`)) return;
        end.send(text);
        if (this.#world.faults.repeats()) end.send(text);
      },
      terminate: () => end.close(),
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return socket as unknown as WebSocket;
  }
}
