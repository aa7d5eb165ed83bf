import type { Limits } from "@godwit/contract";
import { type DrainSurvey, type Finding, findingOf } from "@godwit/core";
import type { Clock } from "../clock.ts";
import { budgetOf } from "../host-facts.ts";
import { learntOf } from "../learnt.ts";
import { foreseen } from "../outlook.ts";
import { backEndsOf } from "../runs/under-way.ts";
import { findHost, survey, type SurveyParts } from "../survey.ts";

/** So many agents are asked at a time. */
const atOnce = 4;

export interface SurveysParts extends SurveyParts {
  clock: Clock;
}

export interface Wish {
  guestId: string;
  destinationId: string;
}

/** What was found out for one drain about its guests' ways. It is kept in memory alone: after a restart it is found out anew. */
export class Surveys {
  readonly #parts: SurveysParts;
  readonly #made = new Map<string, DrainSurvey>();

  constructor(parts: SurveysParts) {
    this.#parts = parts;
  }

  /** With what has changed since taken into account. */
  async all(sources: ReadonlyMap<string, string>, limits: Limits): Promise<DrainSurvey[]> {
    const made = [...this.#made.values()];
    return await Promise.all(
      made.map(async (each) => {
        const facts = await this.#factsOf(sources.get(each.guestId), each.destinationId, limits);
        return { ...each, outdated: facts !== each.facts };
      }),
    );
  }

  /** Looks at each; what an agent does not answer is an obstacle like any other. */
  async look(wishes: readonly Wish[], limits: Limits): Promise<void> {
    const left = [...wishes];
    const worker = async (): Promise<void> => {
      for (let wish = left.shift(); wish !== undefined; wish = left.shift()) await this.#lookAt(wish, limits);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, wishes.length) }, worker));
  }

  async #lookAt({ guestId, destinationId }: Wish, limits: Limits): Promise<void> {
    const { store, clock } = this.#parts;
    const key = `${guestId} ${destinationId}`;
    const guest = await store.guests.find(guestId);
    if (guest === undefined || (await store.hosts.find(destinationId)) === undefined) {
      this.#made.delete(key);
      return;
    }
    const facts = await this.#factsOf(guest.hostId, destinationId, limits);
    const found = await this.#find({ guest: guestId, destination: destinationId }, limits);
    const before = this.#made.get(key);
    const times = "code" in found ? (before?.times ?? 0) + 1 : 0;
    this.#made.set(key, { guestId, destinationId, at: clock.now(), times, facts, outdated: false, found });
  }

  async #find(wanted: { guest: string; destination: string }, limits: Limits): Promise<Finding> {
    const found = await survey(this.#parts, wanted);
    const failed = found.checks.find(({ ok }) => !ok);
    if (failed !== undefined) return findingOf(failed, undefined, 0, limits);
    const pair = { sourceId: found.source.id, destinationId: found.destination.id };
    const learned = await learntOf(this.#parts.store, pair, backEndsOf(found));
    const sizeBytes = found.peers.reduce((sum, peer) => sum + peer.sizeBytes, 0);
    return findingOf(undefined, foreseen(found, learned, limits), sizeBytes, limits);
  }

  /** What a survey rests on beside the guest itself: another process of an agent's, another budget, other limits. */
  async #factsOf(sourceId: string | undefined, destinationId: string, limits: Limits): Promise<string> {
    const { store, agents } = this.#parts;
    const ends = [sourceId ?? "", destinationId];
    const hosts = await Promise.all(ends.map(async (id) => await findHost(store, id).catch(() => undefined)));
    const budgets = hosts.map((host) => host && budgetOf(host));
    return JSON.stringify([...ends.map((id) => agents.get(id)?.hello.instance ?? ""), budgets, limits]);
  }
}
