import {
  type AgentAnswer,
  type AttemptStatus,
  type CreateFromSave,
  DeviceDefinition,
  type FromAgent,
  type RestoreGuest,
  type SaveGuest,
} from "@godwit/contract";
import {
  foundReleased,
  isUnderWay,
  outstandingOfSave,
  type Restoring,
  restoring,
  type SaveEvent,
  type SaveSend,
  type SaveState,
  type Saving,
  saving,
  stepSave,
} from "@godwit/core";
import type { GuestRecord, HostRecord, Json, NewEvent, Placement, Store } from "@godwit/store";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { AgentConnection } from "../agents/connection.ts";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import { after, type Clock, dateOf } from "../clock.ts";
import { InTurn } from "../in-turn.ts";
import { ProblemError } from "../problem.ts";
import type { Found } from "./look.ts";
import { eventsOf, plain, saveStateOf, wordOf } from "./words.ts";

/** What is unanswered is asked again so often. */
const askAgainMs = 1_000;
/** A host that has been away for so long is given up where nothing depends on its word. */
const silenceLimitMs = 30_000;

export interface SavesParts {
  store: Store;
  agents: ConnectedAgents;
  bus: Bus;
  clock: Clock;
  log: Logger;
}

/**
 * The guests that are on their way into a folder or out of one, those that are in one, and what hosts have yet to clear away after it. Each
 * decision is stored before anybody hears of it, and whatever is unanswered is said again.
 */
export class Saves implements AsyncDisposable {
  readonly #parts: SavesParts;
  readonly #states = new Map<string, SaveState>();
  readonly #turns = new InTurn();
  readonly #awaySince = new Map<string, number>();
  #disarm: () => void = () => undefined;
  #stopped = false;

  constructor(parts: SavesParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier process has left. */
  async adoptAll(): Promise<void> {
    for (const guest of await this.#parts.store.guests.withSave()) this.#states.set(guest.id, saveStateOf(guest));
  }

  start(): void {
    this.#disarm = after(this.#parts.clock, askAgainMs, () => {
      this.#askAgain();
      if (!this.#stopped) this.start();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#disarm();
    await Promise.all([...this.#states.keys()].map((guestId) => this.#turns.take(guestId, async () => undefined)));
  }

  of(guestId: string): SaveState | undefined {
    return this.#states.get(guestId);
  }

  async save(found: Found, { folder, limitMs }: SaveGuest, by: string): Promise<void> {
    const { guest, host } = found;
    const order = { id: uuidv7(), guest: named(guest), host: named(host), folder, ownedAt: guest.epoch, limitMs };
    const state = saving(order, this.#parts.clock.now());
    const sentence = `${by} wants ${guest.name} saved in ${folder} of ${host.name}.`;
    await this.#begin(state, guest, { type: "guest.saving", sentence, by });
  }

  async restore(
    found: Found,
    { folder }: Required<Pick<RestoreGuest, "folder">>,
    save: Restoring["save"],
    by: string,
  ): Promise<void> {
    const { guest, host } = found;
    const known = this.#states.get(guest.id);
    const from = known?.at === "saved" ? known : undefined;
    const order = { id: uuidv7(), guest: named(guest), host: named(host), folder, save, from };
    const sentence = `${by} wants ${guest.name} restored from ${folder} on ${host.name}.`;
    await this.#begin(restoring(order, this.#parts.clock.now()), guest, { type: "guest.restoring", sentence, by });
  }

  /** A new guest, which is saved in that folder from its beginning on, and is restored from there. */
  async copy(
    { name, restore: folder }: CreateFromSave,
    { host, found }: { host: HostRecord; found: AgentAnswer<"inspectSave"> },
    by: string,
  ): Promise<GuestRecord> {
    const { store, clock } = this.#parts;
    const at = dateOf(clock.now());
    const { saveId, bytes, devices } = found;
    const guest: GuestRecord = {
      id: uuidv7(),
      name,
      hostId: host.id,
      epoch: 1,
      state: "saved",
      definitions: plain(devices),
      devices: [],
      createdAt: at,
    };
    const sentence = `${name} was created on ${host.name}, from ${folder}.`;
    const event = { type: "guest.created", at, guestId: guest.id, hostId: host.id, sentence, data: { name, folder } };
    if ((await store.guests.create(guest, [event])) === "name-taken")
      throw new ProblemError("name-taken", `There is a guest "${name}" already.`);
    const save = {
      id: saveId,
      host: named(host),
      folder,
      epoch: 1,
      savedAt: clock.now(),
      bytes,
      ofAnother: true as const,
    };
    await this.restore({ guest, host }, { folder }, save, by);
    return guest;
  }

  forget(guestId: string): void {
    this.#states.delete(guestId);
  }

  /** True where it was about a save or a restore. */
  hear(hostId: string, message: FromAgent): boolean {
    if (!("migrationId" in message) || message.guestId === undefined) return false;
    const state = this.#states.get(message.guestId);
    if (state === undefined || !idsOf(state).includes(message.migrationId ?? "")) return false;
    const word = wordOf(hostId, message);
    if (word !== undefined)
      void this.#post(state.guest.id, word, "statuses" in message ? plain(message.statuses) : undefined);
    return true;
  }

  /** Asks the host whatever it has not answered; of an attempt of which nothing is known any more nothing stays. */
  async greet(connection: AgentConnection, strangers: AttemptStatus[]): Promise<void> {
    const { hostId } = connection;
    this.#awaySince.delete(hostId);
    for (const state of this.#states.values()) await this.#say(outstandingOfSave(state).filter(to(hostId)), state);
    for (const attempt of strangers) {
      const { guestId, migrationId, epoch, role, at, folder } = attempt;
      const state = this.#states.get(guestId);
      if (state !== undefined && idsOf(state).includes(migrationId)) continue;
      const guest = await this.#parts.store.guests.find(guestId);
      if (guest === undefined || folder === undefined) {
        const what = { migration: migrationId, host: hostId };
        this.#parts.log.error(what, "an agent has a part in a migration that is not known here; it is left alone");
      } else if (role !== "source" || at !== "released") connection.send({ type: "abort", migrationId, guestId });
      else if (guest.epoch >= epoch) connection.send({ type: "discard", migrationId, guestId, epoch });
      else if (guest.hostId === hostId && !isUnderWay(state)) {
        const host = { id: hostId, name: connection.hello.name };
        const order = { id: migrationId, guest: named(guest), host, folder, ownedAt: epoch - 1 };
        await this.#adopt(foundReleased(order, this.#parts.clock.now()));
      }
    }
  }

  /** Resolves when those that the fence is about have taken it in. */
  async fence(hostId: string): Promise<void> {
    await Promise.all([...this.#states.keys()].map((guestId) => this.#post(guestId, { type: "fenced", hostId })));
  }

  #askAgain(): void {
    const { clock, agents } = this.#parts;
    const now = clock.now();
    for (const state of this.#states.values()) {
      const hostId = isUnderWay(state) ? state.host.id : undefined;
      if (hostId !== undefined && !agents.has(hostId)) {
        const since = this.#awaySince.get(hostId) ?? now;
        this.#awaySince.set(hostId, since);
        if (now - since > silenceLimitMs) void this.#post(state.guest.id, { type: "silent", hostId });
      }
      void this.#say(outstandingOfSave(state), state);
    }
  }

  async #begin(
    state: Saving | Restoring,
    { epoch, state: was }: GuestRecord,
    told: { type: string; sentence: string; by: string },
  ): Promise<void> {
    const { guest, host } = state;
    await this.#turns.take(guest.id, async () => {
      if (isUnderWay(this.#states.get(guest.id)))
        throw new ProblemError("guest-busy", `${guest.name} is being saved or restored.`);
      const { type, sentence, by } = told;
      const data = { name: guest.name, folder: state.folder, by };
      const at = dateOf(this.#parts.clock.now());
      const event: NewEvent = { type, at, guestId: guest.id, hostId: host.id, sentence, data };
      const commit = { guestId: guest.id, save: plain(state), seen: { epoch, state: was } };
      if (!(await this.#parts.store.guests.commitSave(commit, [event])))
        throw new ProblemError("guest-busy", `${guest.name} is being moved, or has been since it was looked at.`);
      this.#parts.log.info({ guest: guest.name, host: host.name }, sentence);
      this.#states.set(guest.id, state);
      this.#parts.bus.tell("events");
      this.#parts.bus.tell("schedule");
      await this.#say(outstandingOfSave(state), state);
    });
  }

  /** H8, F1: the word of the host that owned it last. Nobody else can have been granted the guest. */
  async #adopt(state: Saving): Promise<void> {
    const guestId = state.guest.id;
    await this.#turns.take(guestId, async () => {
      if (isUnderWay(this.#states.get(guestId))) return;
      await this.#parts.store.guests.commitSave({ guestId, save: plain(state) }, []);
      this.#states.set(guestId, state);
      await this.#say(outstandingOfSave(state), state);
    });
  }

  async #post(guestId: string, event: SaveEvent, devices?: Json): Promise<void> {
    await this.#turns
      .take(guestId, async () => await this.#step(guestId, event, devices))
      .catch((error: unknown) => this.#parts.log.error(error, "a decision on a save could not be stored"));
  }

  async #step(guestId: string, event: SaveEvent, devices: Json | undefined): Promise<void> {
    const { store, bus, clock, log } = this.#parts;
    const before = this.#states.get(guestId);
    if (before === undefined) return;
    const { state, placement, notice } = stepSave(before, event, clock.now());
    if (state === before) return;
    const isLeft = state.at !== "over" || state.debts.length > 0 || state.attempted !== undefined;
    const placed: Omit<Placement, "guestId"> | undefined =
      placement === undefined
        ? undefined
        : { ...placement, devices: placement.state === "running" ? devices : undefined };
    const commit = { guestId, save: isLeft ? plain(state) : undefined, placement: placed };
    await store.guests.commitSave(commit, eventsOf(state, notice, dateOf(clock.now())));
    if (isLeft) this.#states.set(guestId, state);
    else this.#states.delete(guestId);
    if (notice !== undefined) log.info({ guest: state.guest.name, code: notice.failure?.code }, notice.sentence);
    if (notice !== undefined) bus.tell("events");
    if (placement !== undefined || state.debts.length < before.debts.length) bus.tell("schedule");
    await this.#say(outstandingOfSave(state), state);
  }

  async #say(sends: SaveSend[], state: SaveState): Promise<void> {
    const { agents, store } = this.#parts;
    for (const { hostId, id, command } of sends) {
      if (!agents.has(hostId)) continue;
      const ids = { migrationId: id, guestId: state.guest.id };
      if (command.type !== "prepareRestore") agents.send(hostId, { ...command, ...ids });
      else {
        const guest = await store.guests.find(state.guest.id);
        if (guest === undefined) continue;
        const devices = z.array(DeviceDefinition).parse(guest.definitions);
        agents.send(hostId, { ...command, ...ids, name: guest.name, devices });
      }
    }
  }
}

function idsOf(state: SaveState): string[] {
  return [...(isUnderWay(state) ? [state.id] : []), ...state.debts.map(({ id }) => id)];
}

function to(hostId: string): (send: SaveSend) => boolean {
  return (send) => send.hostId === hostId;
}

function named({ id, name }: GuestRecord | HostRecord): { id: string; name: string } {
  return { id, name };
}
