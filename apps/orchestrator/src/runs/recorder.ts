import type { FromAgent } from "@godwit/contract";
import type { Migration, Switchover } from "@godwit/core";
import type { Store, TraceChunk } from "@godwit/store";
import type { Logger } from "pino";
import { type Clock, dateOf } from "../clock.ts";
import { Recording } from "./recording.ts";

type Report = Extract<FromAgent, { type: "report" }>;

const writeEveryMs = 1_000;

/** L4: keeps what the judge of every migration was given, in chunks of a second, all of them in one statement. */
export class Recorder {
  readonly #parts: { store: Pick<Store, "traces">; clock: Clock; log: Logger };
  readonly #recordings = new Map<string, Recording>();
  readonly #ended = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: { store: Pick<Store, "traces">; clock: Clock; log: Logger }) {
    this.#parts = parts;
  }

  /** Disposing writes what is left. */
  start(): AsyncDisposable {
    const timer = setInterval(() => void this.flush(), writeEveryMs);
    return {
      [Symbol.asyncDispose]: async () => {
        clearInterval(timer);
        await this.flush();
      },
    };
  }

  note(state: Migration, report: Report): void {
    if (state.phase !== "precopy") return;
    const now = this.#parts.clock.now();
    const known = this.#recordings.get(state.facts.id);
    const recording = known ?? new Recording(state, now);
    if (known === undefined) this.#recordings.set(state.facts.id, recording);
    recording.note(state, report, now);
  }

  /** Precopy is over; where a change of the limits has ended it, no report would show them. */
  leave(state: Switchover): void {
    this.#recordings.get(state.facts.id)?.leave(state, this.#parts.clock.now());
  }

  end(migrationId: string): void {
    this.#ended.add(migrationId);
  }

  /** Resolves when everything noted so far is stored, or could not be: then it is tried again with the next second's. */
  async flush(): Promise<void> {
    // One after the other: two at once would give two chunks one number.
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  /** A chunk that may have been stored, though its answer was lost, is sent again as it was. */
  async #write(): Promise<void> {
    const { store, clock, log } = this.#parts;
    const taken: [Recording, TraceChunk][] = [];
    try {
      for (const [migrationId, recording] of this.#recordings) {
        // After a restart it goes on where it was.
        recording.sequence ??= await store.traces.next(migrationId);
        const chunk = recording.take(migrationId, recording.sequence, dateOf(clock.now()));
        if (chunk !== undefined) taken.push([recording, chunk]);
      }
      if (taken.length > 0) await store.traces.append(taken.map(([, chunk]) => chunk));
      for (const [recording, { sequence }] of taken) recording.stored(sequence);
    } catch (error) {
      log.warn(error, "what was recorded could not be stored; it is tried again");
      return;
    }
    for (const migrationId of this.#ended) {
      if (this.#recordings.get(migrationId)?.isEmpty !== false) this.#forget(migrationId);
    }
  }

  #forget(migrationId: string): void {
    this.#recordings.delete(migrationId);
    this.#ended.delete(migrationId);
  }
}
