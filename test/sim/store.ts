import type { Life, Random } from "@godwit/sim";
import type {
  Fence,
  GuestRecord,
  HostRecord,
  MigrationCommit,
  MigrationRecord,
  NewEvent,
  Placement,
  Store,
} from "../../packages/store/src/store.ts";
import { hostIdOf } from "./guest.ts";

/**
 * What the database holds, whoever runs. An operation may be carried out although whoever asked for it has ended meanwhile, or although
 * its answer is lost; while the database is away each fails.
 */
export class StoredWorld {
  readonly hosts = new Map<string, HostRecord>();
  readonly guests = new Map<string, GuestRecord>();
  readonly migrations = new Map<string, MigrationRecord>();
  readonly #random: Random;
  /** What was said to have been refused: in this world nobody lies. */
  readonly refusals: string[] = [];
  isAway = false;
  /** So many answers are lost after the work has been done. */
  lostAnswers = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** As one run of the orchestrator uses it. */
  usedBy(life: Life): Store {
    const asks = async <Result>(what: string, work: () => Result): Promise<Result> => await this.#ask(life, what, work);
    const store = {
      hosts: {
        seen: async (host: { id: string; name: string; facts: HostRecord["facts"]; at: Date }) =>
          await asks("hosts.seen", () => this.#seen(host)),
        touch: async () => await asks("hosts.touch", () => undefined),
        fence: async ({ id, ...fenced }: Fence & { id: string }) =>
          await asks("hosts.fence", () => this.#fence(id, fenced)),
        find: async (id: string) =>
          await asks("hosts.find", () => [...this.hosts.values()].find((host) => host.id === id || host.name === id)),
        list: async () => await asks("hosts.list", () => ({ items: [...this.hosts.values()] })),
      },
      guests: {
        create: async (guest: GuestRecord) =>
          await asks("guests.create", () => {
            this.guests.set(guest.id, { ...guest });
            return "created";
          }),
        place: async (placement: Placement) => await asks("guests.place", () => this.#place(placement)),
        loseAllOn: async (hostId: string) => await asks("guests.loseAllOn", () => this.#loseAllOn(hostId)),
        labelsByHost: async () => await asks("guests.labelsByHost", () => new Map()),
        find: async (id: string) => await asks("guests.find", () => copied(this.guests.get(id))),
      },
      migrations: {
        create: async (migration: MigrationRecord) => await asks("migrations.create", () => this.#create(migration)),
        commit: async (commit: MigrationCommit) => await asks("migrations.commit", () => this.#commit(commit)),
        find: async (id: string) => await asks("migrations.find", () => copied(this.migrations.get(id))),
        active: async () => await asks("migrations.active", () => this.active().map((each) => copied(each))),
      },
      events: {
        add: async (events: NewEvent[]) =>
          await asks("events.add", () => {
            this.refusals.push(...events.filter((event) => isRefusal(event)).map(({ sentence }) => sentence));
          }),
      },
      queue: { paused: async () => await asks("queue.paused", () => undefined) },
      traces: {},
    };
    // Only what an orchestrator without its API asks for.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return store as unknown as Store;
  }

  active(): MigrationRecord[] {
    return [...this.migrations.values()].filter(({ endedAt }) => endedAt === undefined);
  }

  async #ask<Result>(life: Life, what: string, work: () => Result): Promise<Result> {
    const there = async () => {
      const result = await life.takes(`store.${what}`, this.#random.between(0.1, 3), () => {
        if (this.isAway) throw new Error("the database is away");
        return work();
      });
      return result;
    };
    const result = await there();
    return await life.takes(`store.${what}, answer`, this.#random.between(0.1, 1), () => {
      if (this.lostAnswers > 0 && (what === "migrations.commit" || what === "migrations.create")) {
        this.lostAnswers -= 1;
        throw new Error("the answer of the database is lost");
      }
      return result;
    });
  }

  #seen({ name, facts, at }: { name: string; facts: HostRecord["facts"]; at: Date }): HostRecord {
    const known = this.hosts.get(name);
    const host = { id: hostIdOf(name), name, facts, lastSeenAt: at, createdAt: known?.createdAt ?? at };
    this.hosts.set(name, host);
    return host;
  }

  #fence(id: string, fenced: Fence): void {
    for (const [name, host] of this.hosts) if (host.id === id) this.hosts.set(name, { ...host, fenced });
  }

  #loseAllOn(hostId: string): string[] {
    const lost = [...this.guests.values()].filter(
      (guest) =>
        guest.hostId === hostId &&
        guest.state !== "lost" &&
        !this.active().some((migration) => migration.guestId === guest.id),
    );
    for (const guest of lost) this.guests.set(guest.id, { ...guest, state: "lost" });
    return lost.map(({ name }) => name);
  }

  #create(migration: MigrationRecord): "created" | "guest-busy" {
    if (this.active().some(({ guestId }) => guestId === migration.guestId)) return "guest-busy";
    this.migrations.set(migration.id, copied(migration));
    return "created";
  }

  #commit({ id, version, phase, state, endedAt, placement }: MigrationCommit): "committed" | "stale" {
    const known = this.migrations.get(id);
    if (known?.version !== version) return "stale";
    this.migrations.set(id, { ...known, phase, state, version: version + 1, endedAt });
    if (placement !== undefined) this.#place(placement);
    return "committed";
  }

  #place({ guestId, hostId, epoch, state, devices }: Placement): boolean {
    const guest = this.guests.get(guestId);
    if (guest === undefined || guest.epoch > epoch) return false;
    this.guests.set(guestId, { ...guest, hostId, epoch, state, devices: devices ?? guest.devices });
    return true;
  }
}

/** An old claim of a machine that was away is refused by right. */
function isRefusal({ type }: NewEvent): boolean {
  return type.endsWith("-refused") && type !== "guest.claim-refused";
}

function copied<Value>(value: Value): Value {
  return value === undefined ? value : structuredClone(value);
}
