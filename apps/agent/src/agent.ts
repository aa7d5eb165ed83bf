import type { AgentHello, AgentRequest, AttemptStatus, ToAgent } from "@godwit/contract";
import { type GuestPart, regrantBeyond } from "@godwit/core";
import { DestinationAttempt } from "./attempts/destination-attempt.ts";
import { Declined, expectRoom, type More } from "./attempts/expect-room.ts";
import { type AgentParts, addressesOf, hostAndPort } from "./attempts/parts.ts";
import { SourceAttempt } from "./attempts/source-attempt.ts";
import { withoutDestinationAttempt, withoutSourceAttempt } from "./attempts/without-memory.ts";
import { prepareRestore, prepareSave } from "./attempts/to-file.ts";
import { codeOf, detailOf } from "./plane/failure.ts";
import { Rejections } from "./rejections.ts";
import { answerTo, refusalOf } from "./requests.ts";

type Attempt = SourceAttempt | DestinationAttempt;
type Described = Omit<AgentHello, "type" | "guests" | "attempts" | "freeBytes">;
type OfMigration = Extract<ToAgent, { migrationId: string }>;

/** One host's agent: what it is told of a guest, and what its data plane says of it, is dealt with one after the other. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #described: Described;
  readonly #attempts = new Map<string, Attempt>();
  readonly rejections: Rejections;
  #reportEveryMs = 100;

  constructor(parts: AgentParts, described: Described) {
    this.#parts = parts;
    this.#described = described;
    this.rejections = new Rejections(parts);
  }

  /**
   * Takes up what a restart has left: owned guests serve again, released ones stay frozen, half-received ones are revoked. After a start
   * of the machine, which may have been fenced meanwhile, owned guests wait for the orchestrator's word (H8).
   */
  async recover(): Promise<void> {
    if (this.#parts.machine.startedAnew) await this.#holdAll();
    await this.#parts.machine.noteStart();
    for (const guest of this.#parts.journal.parts.values()) {
      const { part, guestId, name } = guest;
      // What an unfinished save has written is of no use to anybody: the guest runs.
      if (guest.saving !== undefined) await this.#dropSave(guest.saving);
      if (guest.held === true) this.#parts.log.info({ guest: name }, "the guest waits for the orchestrator's word");
      else if (part.as === "owner") await this.#parts.guests.adopt(guestId);
      else if (part.as === "released") this.#keepFrozen(guest, part);
      else await this.#giveUpReserved(guest, part);
    }
  }

  hello(freeBytes: number): AgentHello {
    const attempts = [...this.#attempts.values()].filter((attempt) => !attempt.over).map(statusOf);
    return { type: "hello", ...this.#described, freeBytes, guests: this.#parts.guests.owned(), attempts };
  }

  hear(message: ToAgent): void {
    switch (message.type) {
      case "welcome":
        this.#reportEveryMs = message.reportEveryMs;
        for (const guestId of message.confirmed) this.#parts.enqueue(guestId, () => this.#letRun(guestId));
        return;
      case "disown":
        return this.#parts.enqueue(message.guestId, () => this.#disown(message));
      case "request":
        return this.#parts.enqueue(message.request.guestId, () => this.#answer(message.id, message.request));
      default:
        return this.#parts.enqueue(message.guestId, () => this.#obey(message));
    }
  }

  /** The guest of a migration that is under way here. */
  guestOf(migrationId: string): string | undefined {
    return this.#attempts.get(migrationId)?.guestId;
  }

  /** News of a migration that is not under way any more is late and says nothing. */
  news(migrationId: string, act: (attempt: Attempt) => Promise<void>): void {
    const known = this.#attempts.get(migrationId);
    if (known === undefined) return;
    this.#parts.enqueue(known.guestId, async () => {
      const attempt = this.#attempts.get(migrationId);
      if (attempt === undefined) return;
      await act(attempt);
      if (attempt.over) this.#attempts.delete(migrationId);
    });
  }

  /** From the source, on a channel: one of another epoch than is being handed over starts nothing. */
  granted(migrationId: string, epoch: number): void {
    this.news(migrationId, async (attempt) => {
      if (attempt.role !== "destination" || this.rejections.ofGrant(attempt, epoch) !== undefined) return;
      await attempt.handle({ type: "grant", epoch });
    });
  }

  /** Q6, M17: a guest that runs here does so no more, nor can it. What has been sent of it before its stop is of no use to anybody. */
  lost(guestId: string, why: string): void {
    this.#parts.enqueue(guestId, async () => {
      const { guests, log } = this.#parts;
      const guest = guests.owner(guestId);
      if (guest === undefined) return;
      log.error({ guest: guest.name }, `the guest does not run any more: ${why}`);
      guests.lose(guestId, why);
      this.#tellOf(guestId);
      for (const attempt of this.#attempts.values())
        if (attempt.guestId === guestId && attempt.at === "owns") await attempt.failed({ code: "gone", detail: why });
    });
  }

  async #answer(id: string, request: AgentRequest): Promise<void> {
    try {
      this.#parts.tell({ type: "reply", to: id, ok: true, body: await answerTo(request, this.#parts) });
    } catch (error) {
      this.#parts.tell({ type: "refusal", to: id, ...refusalOf(error) });
    }
  }

  async #obey(message: OfMigration): Promise<void> {
    const { migrationId, guestId } = message;
    const attempt = this.#attempts.get(migrationId);
    if ("epoch" in message) {
      const rejection = this.rejections.ofCommand(message, attempt);
      if (rejection !== undefined) return this.#declineRejected(message, rejection.detail);
    }
    switch (message.type) {
      case "prepareSource":
        return await this.#prepareSource(message);
      case "prepareDestination":
        return await this.#prepareDestination(message);
      case "prepareSave":
        return await this.#prepareSave(message);
      case "prepareRestore":
        return await this.#prepareRestore(message);
      case "precopy":
        return await (attempt?.role === "source" ? attempt.precopy() : this.#parts.plane.precopy(migrationId));
      case "exact":
        return await this.#parts.plane.exact(migrationId, message.sequence);
      case "pace": {
        const { bandwidthBytesPerSec, hold } = message;
        return await this.#parts.plane.pace(migrationId, { capBytesPerSec: bandwidthBytesPerSec, hold });
      }
      case "throttle":
        return await this.#parts.plane.throttle(migrationId, message.share);
      case "abort":
        return await this.#abort(migrationId, guestId, attempt);
      case "freeze":
      case "refuse":
      case "reclaim":
      case "discard":
        if (attempt?.role === "source") {
          if (message.type === "freeze") attempt.allow(message.limitMs, message.bandwidthBytesPerSec);
          await attempt.handle({ type: message.type, epoch: message.epoch });
        }
        if (attempt === undefined) await withoutSourceAttempt(this.#parts, message);
        break;
      case "grant":
      case "revoke":
      case "regrant":
        if (attempt?.role === "destination") await attempt.handle({ type: message.type, epoch: message.epoch });
        else if (attempt === undefined) await withoutDestinationAttempt(this.#parts, message);
        break;
    }
    if (attempt?.over === true) this.#attempts.delete(migrationId);
  }

  async #prepareSource(message: ToAgent & { type: "prepareSource" }): Promise<void> {
    const { migrationId, guestId, epoch, ticket, bandwidthBytesPerSec } = message;
    const guest = this.#parts.guests.owner(guestId);
    if (guest === undefined || guest.part.epoch !== epoch - 1) {
      return this.#decline(
        message,
        "source",
        "guest-not-settled",
        `this host does not own the guest at epoch ${epoch - 1}`,
      );
    }
    try {
      this.#expectNoOther(guestId, (attempt) => attempt.role === "source" && attempt.folder !== undefined);
      const peers = await this.#parts.plane.openOutgoing({
        migrationId,
        guestId,
        devices: addressesOf(guest),
        ticket,
        capBytesPerSec: bandwidthBytesPerSec,
        reportEveryMs: this.#reportEveryMs,
      });
      this.#attempts.set(
        migrationId,
        new SourceAttempt(this.#parts, guest, migrationId, { state: { epoch, at: "owns", whole: true }, live: true }),
      );
      const dirty = await this.#parts.plane.dirtyHistory(guestId);
      this.#parts.tell({ type: "sourcePrepared", migrationId, guestId, peers, dirty });
    } catch (error) {
      this.#decline(message, "source", codeOf(error), detailOf(error));
    }
  }

  /** Whoever saves a guest has it for itself: neither begins in the middle of a migration. */
  async #prepareSave(message: ToAgent & { type: "prepareSave" }): Promise<void> {
    const { migrationId, guestId } = message;
    try {
      if (!this.#attempts.has(migrationId)) {
        this.#expectNoOther(guestId, () => true);
        this.#attempts.set(migrationId, await prepareSave(this.#parts, message));
      }
      this.#parts.tell({ type: "sourcePrepared", migrationId, guestId, peers: [] });
    } catch (error) {
      this.#decline(message, "source", codeOf(error), detailOf(error));
    }
  }

  async #prepareRestore(message: ToAgent & { type: "prepareRestore" }): Promise<void> {
    const known = this.#attempts.get(message.migrationId);
    if (known?.at === "loaded") {
      const { migrationId, guestId, epoch } = known;
      return this.#parts.tell({ type: "loaded", migrationId, guestId, epoch });
    }
    try {
      if (known === undefined) this.#attempts.set(message.migrationId, await prepareRestore(this.#parts, message));
    } catch (error) {
      this.#decline(message, "destination", codeOf(error), detailOf(error));
    }
  }

  #expectNoOther(guestId: string, isOther: (attempt: Attempt) => boolean): void {
    const stands = [...this.#attempts.values()].some(
      (attempt) =>
        attempt.guestId === guestId &&
        (attempt.at === "owns" || attempt.at === "freezing" || attempt.at === "frozen") &&
        isOther(attempt),
    );
    if (stands) throw Object.assign(new Error("the guest is being moved or saved already"), { code: "guest-busy" });
  }

  async #prepareDestination(message: ToAgent & { type: "prepareDestination" }): Promise<void> {
    const { migrationId, guestId, epoch, name, devices, peers, ticket, sourceEndpoint } = message;
    const prepared = { type: "destinationPrepared" as const, migrationId, guestId };
    if (this.#attempts.has(migrationId)) return this.#parts.tell(prepared);
    if (this.#parts.journal.parts.has(guestId)) {
      return this.#decline(message, "destination", "guest-not-settled", "this host still holds a copy of the guest");
    }
    const reserved = { guestId, name, definitions: devices, migrationId, epoch };
    const addresses = addressesOf({ ...reserved, part: { as: "reserved", epoch, migrationId } });
    try {
      await expectRoom(this.#parts.plane, addresses, peers);
      await this.#parts.journal.append({ entry: "reserved", ...reserved });
      this.#attempts.set(migrationId, new DestinationAttempt(this.#parts, { guestId, migrationId, epoch }));
      await this.#parts.plane.openIncoming({
        migrationId,
        devices: addresses,
        peers,
        ticket,
        from: hostAndPort(sourceEndpoint),
      });
      this.#parts.tell(prepared);
    } catch (error) {
      await this.#attempts.get(migrationId)?.abort();
      this.#attempts.delete(migrationId);
      this.#decline(
        message,
        "destination",
        codeOf(error),
        detailOf(error),
        error instanceof Declined ? error.more : {},
      );
    }
  }

  async #abort(migrationId: string, guestId: string, attempt: Attempt | undefined): Promise<void> {
    await attempt?.abort();
    this.#attempts.delete(migrationId);
    if (attempt?.role !== "destination") this.#parts.tell({ type: "aborted", migrationId, guestId, role: "source" });
    if (attempt?.role !== "source") this.#parts.tell({ type: "aborted", migrationId, guestId, role: "destination" });
  }

  async #holdAll(): Promise<void> {
    const { journal } = this.#parts;
    for (const { guestId, part, held } of journal.parts.values())
      if (part.as === "owner" && held !== true) await journal.append({ entry: "held", guestId });
  }

  /** H8: the guest has not moved on while the machine was away. */
  async #letRun(guestId: string): Promise<void> {
    const { journal, guests } = this.#parts;
    if (journal.parts.get(guestId)?.held !== true) return;
    await journal.append({ entry: "resumed", guestId });
    await guests.adopt(guestId);
    // The hello has said that it stands still.
    this.#tellOf(guestId);
  }

  #tellOf(guestId: string): void {
    const { guests, tell } = this.#parts;
    tell({ type: "guests", guests: guests.owned().filter((guest) => guest.guestId === guestId) });
  }

  /** H8: the guest is owned elsewhere, at a higher epoch: what is here is an old copy. */
  async #disown({ guestId, epoch, migrationId }: ToAgent & { type: "disown" }): Promise<void> {
    const { guests } = this.#parts;
    for (const attempt of this.#attempts.values()) {
      if (attempt.guestId !== guestId || attempt.role !== "source") continue;
      // What was released after all is discarded as ever.
      if (attempt.at === "released") await attempt.handle({ type: "discard", epoch: attempt.epoch });
      else if ((guests.owner(guestId)?.part.epoch ?? epoch) < epoch) await attempt.overtaken();
      else continue;
      this.#attempts.delete(attempt.migrationId);
    }
    await this.#dropPassed(guestId, epoch);
    if (migrationId === undefined) return;
    this.#parts.tell({ type: "discarded", migrationId, guestId, epoch: epoch - regrantBeyond });
  }

  async #dropPassed(guestId: string, epoch: number): Promise<void> {
    const { guests, plane, journal, log } = this.#parts;
    const guest = guests.owner(guestId);
    if (guest === undefined || guest.part.epoch >= epoch) return;
    log.warn({ guest: guest.name, epoch }, "the guest is owned elsewhere: the copy that is here goes");
    guests.forget(guestId);
    await plane.dropLeftovers(addressesOf(guest));
    await journal.append({ entry: "disowned", guestId, epoch });
  }

  #keepFrozen(guest: GuestPart, { migrationId, epoch, folder }: GuestPart["part"] & { as: "released" }): void {
    const start = { state: { epoch, at: "released" as const, whole: true }, live: false, folder };
    this.#attempts.set(migrationId, new SourceAttempt(this.#parts, guest, migrationId, start));
  }

  async #dropSave({ migrationId, folder }: Exclude<GuestPart["saving"], undefined>): Promise<void> {
    const { plane, log } = this.#parts;
    const dropped = plane.dropSave({ folder, id: migrationId });
    await dropped.catch((error: unknown) => log.warn({ folder }, `the rest of a save stays: ${detailOf(error)}`));
  }

  async #giveUpReserved(
    guest: GuestPart,
    part: { as: "reserved" | "revoked" | "owner" | "released"; epoch: number; migrationId: string },
  ): Promise<void> {
    const ids = { guestId: guest.guestId, migrationId: part.migrationId, epoch: part.epoch };
    if (part.as === "reserved") await this.#parts.journal.append({ entry: "revoked", ...ids });
    await this.#parts.plane.dropLeftovers(addressesOf(guest));
    await this.#parts.journal.append({ entry: "dropped", ...ids });
  }

  /** Whoever asks whether a side is prepared waits for an answer to that. */
  #declineRejected(message: OfMigration, detail: string): void {
    const { type } = message;
    if (type === "prepareSource" || type === "prepareSave")
      this.#decline(message, "source", "guest-not-settled", detail);
    if (type === "prepareDestination" || type === "prepareRestore")
      this.#decline(message, "destination", "guest-not-settled", detail);
  }

  #decline(message: OfMigration, role: "source" | "destination", code: string, detail: string, more: More = {}): void {
    const { migrationId, guestId } = message;
    this.#parts.tell({ type: "declined", migrationId, guestId, role, code, detail, ...more });
  }
}

function statusOf(attempt: Attempt): AttemptStatus {
  const { migrationId, guestId, epoch, folder } = attempt;
  const ids = { migrationId, guestId, epoch, ...(folder !== undefined && { folder }) };
  if (attempt.role === "destination") return { role: "destination", ...ids, at: attempt.at };
  return { role: "source", ...ids, at: attempt.at === "discarded" ? "released" : attempt.at };
}
