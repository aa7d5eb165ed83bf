import type { ToAgent } from "@godwit/contract";
import type { AgentConnection } from "./connection.ts";

/** The agents that are connected to this process, at most one connection a host: a newer one supersedes. */
export class ConnectedAgents {
  readonly #byHost = new Map<string, AgentConnection>();

  add(connection: AgentConnection): void {
    this.#byHost.get(connection.hostId)?.close("another connection of the same host took its place");
    this.#byHost.set(connection.hostId, connection);
  }

  /** False when a newer connection has taken its place: then the host is not gone. */
  remove(connection: AgentConnection): boolean {
    if (this.#byHost.get(connection.hostId) !== connection) return false;
    this.#byHost.delete(connection.hostId);
    return true;
  }

  get(hostId: string): AgentConnection | undefined {
    return this.#byHost.get(hostId);
  }

  has(hostId: string): boolean {
    return this.#byHost.has(hostId);
  }

  get count(): number {
    return this.#byHost.size;
  }

  hostIds(): string[] {
    return [...this.#byHost.keys()];
  }

  /** To a host that is not connected nothing is sent: it will be told when it says hello. */
  send(hostId: string, message: ToAgent): void {
    this.#byHost.get(hostId)?.send(message);
  }

  closeAll(): void {
    for (const connection of this.#byHost.values()) connection.close("the orchestrator stops");
    this.#byHost.clear();
  }
}
