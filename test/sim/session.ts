import type { End, Life } from "@godwit/sim";
import { type AgentHello, type FromAgent, ToAgent } from "@godwit/contract";
import type { World } from "./world.ts";

const firstRetryMs = 200;
const lastRetryMs = 5_000;
/** As long as a silent connection is taken for alive: by the agent, and by the server after its next two pings. */
export const patience = { dialledMs: 15_000, acceptedMs: 7_500 };

/** An agent's conversation with the orchestrator: as its `session.ts`, over the simulated network. */
export class AgentSession {
  readonly #world: World;
  readonly #life: Life;
  readonly #of: { hello: () => AgentHello | undefined; hear: (message: ToAgent) => void };
  #end: End | undefined;
  #retryMs = firstRetryMs;
  #isStopped = false;

  constructor(world: World, life: Life, of: { hello: () => AgentHello | undefined; hear: (message: ToAgent) => void }) {
    this.#world = world;
    this.#life = life;
    this.#of = of;
    life.atEnd(() => this.#end?.close());
  }

  run(): void {
    this.#world.network.dial(this.#life.name, "server", patience, (end) => {
      if (!this.#life.alive || this.#isStopped) return end?.close();
      if (end === undefined) {
        this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
        return this.#again();
      }
      this.#retryMs = firstRetryMs;
      this.#end = end;
      end.hear({
        receive: (text) => {
          if (this.#life.passes("hear")) this.#receive(text);
        },
        closed: () => {
          this.#world.note(this.#life.name, "the connection is closed");
          this.#end = undefined;
          this.#again();
        },
      });
      const hello = this.#of.hello();
      if (hello !== undefined) this.tell(hello);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#end?.close();
    this.#end = undefined;
  }

  tell(message: FromAgent): void {
    if (message.type !== "report" && !this.#life.passes(`tell ${message.type}`)) return;
    if (this.#end?.isOpen !== true || !this.#life.alive) return;
    if (message.type !== "report") this.#world.note(this.#life.name, () => `tells ${JSON.stringify(message)}`);
    this.#end.send(JSON.stringify(message));
    if (message.type !== "hello" && message.type !== "report" && this.#world.faults.repeats())
      this.#end.send(JSON.stringify(message));
  }

  #again(): void {
    if (this.#isStopped) return;
    this.#life.after(this.#retryMs * this.#world.random.between(0.5, 1), () => this.run());
  }

  #receive(text: string): void {
    const parsed = ToAgent.safeParse(JSON.parse(text));
    if (!parsed.success) return this.#world.object(`${this.#life.name} does not understand ${text}`);
    this.#world.note(this.#life.name, () => `hears ${text}`);
    this.#of.hear(parsed.data);
  }
}
