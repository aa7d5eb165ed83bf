import { bye, type GreetingParts } from "./greeting.ts";
import type { AgentConnection } from "./connection.ts";

/** The farewells that are being stored; who stops the orchestrator waits for them. */
export class Farewells {
  readonly #parts: GreetingParts;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: GreetingParts) {
    this.#parts = parts;
  }

  say(connection: AgentConnection): void {
    const farewell = bye(this.#parts, connection)
      .catch((error: unknown) => this.#parts.log.error(error, "a farewell could not be stored"))
      .finally(() => this.#underWay.delete(farewell));
    this.#underWay.add(farewell);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
