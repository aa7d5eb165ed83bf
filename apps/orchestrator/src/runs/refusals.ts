import type { FromAgent, OwnedGuest } from "@godwit/contract";
import { Seldom } from "@godwit/core";
import type { GuestRecord, JsonObject, NewEvent, Store } from "@godwit/store";
import type { Logger } from "pino";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";

export interface RefusalParts {
  store: { events: Pick<Store["events"], "add">; migrations: Pick<Store["migrations"], "find"> };
  agents: Pick<ConnectedAgents, "get">;
  bus: Pick<Bus, "tell">;
  clock: Clock;
  log: Logger;
}

/** A message that was refused here, of whose migration this process knows. */
export interface RefusedWord {
  migrationId: string;
  guestId: string;
  said: string;
  epoch?: number | undefined;
  code: string;
  detail: string;
}

/** The same is told once in so long, and of so many kinds at most: nobody can flood the feed. */
const everyMs = 60_000;
const most = 10_000;

/** What was refused of the hosts' and by the hosts (H11): each is logged and kept as an event, and is no more than that. */
export class Refusals {
  readonly #parts: RefusalParts;
  readonly #told = new Seldom({ everyMs, most });

  constructor(parts: RefusalParts) {
    this.#parts = parts;
  }

  /** What an agent said and may not say. */
  word(hostId: string, { migrationId, guestId, said, epoch, code, detail }: RefusedWord): void {
    if (!this.#isNews([migrationId, hostId, said, code])) return;
    const host = this.#nameOf(hostId);
    const sentence = `"${said}" of ${host}${atEpoch(epoch)} was refused: ${detail}.`;
    void this.#keep({ hostId, migrationId, guestId, sentence }, { said, epoch, code, host, by: "orchestrator" });
  }

  /** What an agent was told, or was sent at its port, and has refused. A migration that is not known is not taken at its word. */
  async byAgent(hostId: string, rejected: Extract<FromAgent, { type: "rejected" }>): Promise<void> {
    const { said, epoch, code, detail, migrationId } = rejected;
    if (!this.#isNews([migrationId, hostId, said, code])) return;
    const host = this.#nameOf(hostId);
    const sentence = `${host} refused "${said}"${atEpoch(epoch)}: ${detail}.`;
    const of = migrationId === undefined ? undefined : await this.#find(migrationId);
    const ids = { hostId, migrationId: of?.id, guestId: of?.guestId };
    await this.#keep({ ...ids, sentence }, { said, epoch, code, host, by: "agent" });
  }

  /** A host says that it owns a guest that has gone on since to a higher epoch. */
  claim(hostId: string, { guestId, name, epoch }: OwnedGuest, known: GuestRecord): void {
    const code = "stale-epoch";
    if (!this.#isNews(["claim", hostId, guestId, code])) return;
    const host = this.#nameOf(hostId);
    const sentence = `${host} claims ${name} at epoch ${epoch} and was refused: it is known at epoch ${known.epoch}.`;
    const data = { code, epoch, knownEpoch: known.epoch, host, guest: name };
    void this.#keep({ type: "guest.claim-refused", hostId, guestId, sentence }, data);
  }

  #isNews(key: (string | undefined)[]): boolean {
    return this.#told.lets(JSON.stringify(key), this.#parts.clock.now());
  }

  #nameOf(hostId: string): string {
    return this.#parts.agents.get(hostId)?.hello.name ?? hostId;
  }

  async #find(migrationId: string): Promise<{ id: string; guestId: string } | undefined> {
    return await this.#parts.store.migrations.find(migrationId).catch(() => undefined);
  }

  async #keep(event: Partial<NewEvent> & { sentence: string }, data: Record<string, unknown>): Promise<void> {
    const { store, bus, clock, log } = this.#parts;
    log.warn({ migration: event.migrationId, ...data }, event.sentence);
    try {
      await store.events.add([
        { type: "migration.message-refused", at: dateOf(clock.now()), ...event, data: plain(data) },
      ]);
      bus.tell("events");
    } catch (error) {
      log.error(error, "a refusal could not be stored; it is in this log alone");
    }
  }
}

function atEpoch(epoch: number | undefined): string {
  return epoch === undefined ? "" : ` at epoch ${epoch}`;
}

function plain(data: Record<string, unknown>): JsonObject {
  return JSON.parse(JSON.stringify(data));
}
