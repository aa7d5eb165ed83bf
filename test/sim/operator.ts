import { queued } from "@godwit/core";
import { create } from "../../apps/orchestrator/src/runs/creation.ts";
import { guestId, hostIdOf, idOf } from "./guest.ts";
import type { World } from "./world.ts";

const looksEveryMs = 1_000;

/** Asks for migrations as a person would: of a guest that runs, to a host that is connected; and changes its mind now and then. */
export class Operator {
  readonly #world: World;
  #left: number;
  readonly #restless: boolean;

  constructor(world: World) {
    this.#world = world;
    this.#left = world.random.pickWeighted([
      [1, 3],
      [2, 2],
      [3, 1],
    ]);
    this.#restless = world.random.chance(0.25);
    this.#look();
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Nothing more is asked for. */
  rest(): void {
    this.#left = 0;
  }

  #look(): void {
    this.#world.time.after(looksEveryMs * this.#world.random.between(0.2, 1), () => {
      if (this.#left > 0) void this.#ask();
      if (this.#restless) this.#meddle();
      this.#look();
    });
  }

  async #ask(): Promise<void> {
    const { server, store, random, hostNames, guest } = this.#world;
    const known = store.guests.get(guestId);
    const busy = store.active().some(({ id }) => server?.runs.get(id) !== undefined);
    if (server?.isReady !== true || known?.state !== "running" || busy || store.isAway) return;
    const source = this.#world.hostById(known.hostId).name;
    const others = hostNames.filter((name) => name !== source);
    const destination = others[random.integer(0, others.length - 1)] ?? source;
    if (!server.agents.has(known.hostId) || !server.agents.has(hostIdOf(destination))) return;
    this.#left -= 1;
    const createdAt = server.clock.now();
    const id = idOf(this.#world.next());
    const state = queued(
      {
        id,
        guest: { id: guestId, name: "web" },
        source: { id: known.hostId, name: source },
        destination: { id: hostIdOf(destination), name: destination },
        devices: guest.devices.map((name) => ({ name, kind: "memory", version: "1" })),
        epoch: known.epoch,
        ticket: `ticket-${id}`,
        createdAt,
      },
      { downtimeLimitMs: 300, deadlineMs: guest.deadlineMs, patience: "normal", ladder: [], hold: false },
    );
    this.#world.note("operator", `asks for ${source} -> ${destination}`);
    const record = {
      id,
      guestId,
      sourceId: known.hostId,
      destinationId: hostIdOf(destination),
      phase: state.phase,
      version: 0,
      state: JSON.parse(JSON.stringify(state)),
      createdAt: new Date(createdAt),
    };
    const parts = { store: store.usedBy(server.life), runs: server.runs };
    const outcome = await create(parts, state, record, []).catch(() => "failed");
    if (outcome === "created") server.bus.tell("schedule");
    // Somebody who has got no answer asks again.
    if (outcome === "failed") this.#left += 1;
  }

  #meddle(): void {
    const { server, random } = this.#world;
    const run = server?.life.alive === true ? server.runs.all()[0] : undefined;
    if (run === undefined || !random.chance(0.3)) return;
    const event = random.pickWeighted([
      [{ type: "cancel" as const }, 1],
      [{ type: "switchoverAsked" as const, at: "now" as const, by: "ann" }, 1],
      [{ type: "limitsChanged" as const, change: { hold: true }, by: "ann" }, 1],
      [{ type: "limitsChanged" as const, change: { hold: false }, by: "ann" }, 2],
    ]);
    this.#world.note("operator", `says ${event.type}`);
    run.post(event);
  }
}
