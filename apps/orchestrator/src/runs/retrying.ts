import { canRetry, type Ended, isEnded, lineAfter, type Migration, retriesItself, schedulingOf } from "@godwit/core";
import type { Logger } from "pino";
import { waited } from "../clock.ts";
import { ProblemError } from "../problem.ts";
import { migrationOf } from "../survey.ts";
import { stateOf } from "./runs.ts";
import { begin, type MigrationParts } from "./under-way.ts";

/** Hosts that are away, or a database: until then it is looked at again. */
const againMs = 5_000;
/** Of those that ended last, so many are looked through after a start. */
const lookedThrough = 200;

/** S8: asks anew for what has failed: a migration of its own, that knows those before it. @throws {ProblemError} */
export async function retry(parts: MigrationParts, state: Migration, by: string): Promise<Migration> {
  if (!isEnded(state) || !canRetry(state)) {
    const detail = `It is ${state.phase}: only what was aborted or has failed can be tried again.`;
    throw new ProblemError("nothing-to-retry", detail, { currentState: state.phase });
  }
  const { facts, limits } = state;
  const {
    placement,
    drainId,
    priority,
    keepApart,
    retry: retries,
    notBefore,
    deadlineAt,
    windows,
  } = schedulingOf(facts);
  return await begin(parts, {
    guest: facts.guest.id,
    destination: placement === undefined ? facts.destination.id : undefined,
    planned: { policy: facts.policy, limits: { ...limits, ladder: [...limits.ladder] } },
    limits: {},
    schedule: { priority, drainId, keepApart, retry: retries, placement: placement?.how },
    times: { notBefore, deadlineAt, windows },
    line: lineAfter(state),
    by,
  });
}

/** Has what failed tried again where that was asked for, also over a restart. */
export class Retrying implements Disposable {
  readonly #parts: MigrationParts & { log: Logger };
  readonly #over = new AbortController();

  constructor(parts: MigrationParts & { log: Logger }) {
    this.#parts = parts;
  }

  /** Takes up what failed while nobody was there to try it again. */
  async start(): Promise<void> {
    const { store } = this.#parts;
    const { items } = await store.migrations.list({ limit: lookedThrough });
    const seen = new Set<string>();
    for (const record of items) {
      // Newest first: whatever came after it is its guest's next one.
      if (seen.has(record.guestId)) continue;
      seen.add(record.guestId);
      const state = stateOf(record);
      if (isEnded(state)) this.ended(state);
    }
  }

  /** Told of every end. */
  ended(state: Ended): void {
    if (retriesItself(state)) void this.#try(state);
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  async #try(state: Ended): Promise<void> {
    const { runs, store, clock, log } = this.#parts;
    while (!this.#over.signal.aborted) {
      try {
        const guest = await store.guests.find(state.facts.guest.id);
        const isGone = guest === undefined || guest.hostId !== state.facts.source.id;
        if (isGone || migrationOf(runs, state.facts.guest.id) !== undefined) return;
        await retry(this.#parts, state, schedulingOf(state.facts).group);
        return;
      } catch (error) {
        if (error instanceof ProblemError && isForGood(error)) {
          log.warn({ migration: state.facts.id }, `it is not tried again: ${error.message}`);
          return;
        }
        log.debug({ migration: state.facts.id, error }, "it cannot be tried again yet");
      }
      await waited(clock, againMs, this.#over.signal);
    }
  }
}

/** Neither time nor somebody's doing makes it possible. */
function isForGood({ code }: ProblemError): boolean {
  return code === "deadline-passed" || code === "window-never-opens" || code === "unknown-host";
}
