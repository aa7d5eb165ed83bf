import { Life } from "@godwit/sim";
import type { FromAgent } from "@godwit/contract";
import type { DestinationEvent, SourceEvent } from "@godwit/core";
import { Agent } from "../../apps/agent/src/agent.ts";
import { Guests } from "../../apps/agent/src/guests.ts";
import { Journal } from "../../apps/agent/src/journal.ts";
import { Mailboxes } from "../../apps/agent/src/mailboxes.ts";
import type { PlaneNews } from "../../apps/agent/src/plane/calls.ts";
import type { Host } from "./host.ts";
import { backend, HostPlane } from "./plane.ts";
import { AgentSession } from "./session.ts";
import { idOf } from "./guest.ts";
import type { World } from "./world.ts";

/** How long it takes a broken agent to end: what is in its mailboxes goes on meanwhile. */
const endingMs = 20;

/** One run of an agent, put together as its `main.ts` does it. */
export class AgentProcess {
  readonly life: Life;
  readonly plane: HostPlane;
  readonly #world: World;
  readonly #host: Host;
  readonly #session: AgentSession;
  agent: Agent | undefined;
  #isBroken = false;

  constructor(world: World, host: Host) {
    this.#world = world;
    this.#host = host;
    this.life = new Life(host.name, world.time, world.onStep);
    this.plane = new HostPlane(world, host, this.life);
    this.#session = new AgentSession(world, this.life, {
      hello: () => this.agent?.hello(1e12),
      hear: (message) => this.agent?.hear(message),
    });
    this.life.after(0, () => void this.#run().catch((error: unknown) => this.#broken(error)));
  }

  crash(restartMs: number): void {
    if (!this.life.alive) return;
    this.life.end();
    this.#host.ended(this, "crashed", restartMs);
  }

  async #run(): Promise<void> {
    const { life, plane } = this;
    const journal = await Journal.open("journal", this.#host.disk.mountedBy(life), this.#host.name);
    const mailboxes = new Mailboxes((error) => this.#broken(error));
    const log = this.#world.logOf(life.name);
    const guests = new Guests(journal, plane.calls, log);
    const parts = {
      plane: plane.calls,
      journal,
      guests,
      log,
      machine: this.#host.machine(),
      tell: (message: FromAgent) => this.#session.tell(message),
      enqueue: (guestId: string, task: () => Promise<void>) => mailboxes.put(guestId, task),
      after: (ms: number, task: () => void) => life.after(ms, task),
      now: () => this.#host.clockMs,
    };
    const agent = new Agent(parts, {
      name: life.name,
      instance: idOf(this.#world.next()),
      agentVersion: "0",
      peerEndpoint: `${life.name}:1`,
      serviceAddress: life.name,
      slots: { outgoing: 2, incoming: 2 },
      backends: [backend],
    });
    plane.news = this.#newsTo(agent);
    await agent.recover();
    this.agent = agent;
    this.#session.run();
  }

  /** What stops an agent from inside: its conversation ends at once, the rest a moment later. */
  #broken(error: unknown): void {
    if (this.#isBroken || !this.life.alive) return;
    this.#isBroken = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#world.agentBroke(this.#host.name, error);
    this.#session.stop();
    this.life.after(this.#world.random.between(0, endingMs), () => {
      this.life.end();
      this.#host.ended(this, why, this.#world.random.between(100, 5_000));
    });
  }

  #newsTo(agent: Agent): PlaneNews {
    const toSource = (id: string, event: SourceEvent) =>
      agent.news(id, async (attempt) => {
        if (attempt.role === "source") await attempt.handle(event);
      });
    const toDestination = (id: string, event: DestinationEvent) =>
      agent.news(id, async (attempt) => {
        if (attempt.role === "destination") await attempt.handle(event);
      });
    return {
      report: (migrationId, figures) => {
        const guestId = agent.guestOf(migrationId);
        if (guestId !== undefined) this.#session.tell({ type: "report", migrationId, guestId, ...figures });
      },
      stopped: (id) => toSource(id, { type: "stopped" }),
      confirmed: (id) => toSource(id, { type: "loaded" }),
      received: (id) => toDestination(id, { type: "loaded" }),
      granted: (id, epoch) => agent.granted(id, epoch),
      lost: (guestId, why) => agent.lost(guestId, why),
      turnedAway: () => undefined,
      failed: (id, role, failure) =>
        agent.news(id, async (attempt) => {
          if (attempt.role === role) await attempt.failed(failure);
        }),
    };
  }
}
