import { describe, expect, test } from "vitest";
import { explore } from "../../test/explore.ts";
import { type Rules, under } from "../../test/rules.ts";
import { atTheSwitchover, broken, isSettled } from "../../test/settled.ts";
import { step } from "../migration/step.ts";
import type { Migration, Switchover } from "../migration/state.ts";
import { judgeClaim } from "./claim.ts";
import { stepDestination } from "./destination.ts";
import { stepSource } from "./source.ts";

/** What an exploration says of broken rules: the first thing that must not be, or that some world leads nowhere. */
function faultsOf(mutation: Partial<Rules>, budget: number, deaths = false): string | undefined {
  return under(mutation, () => {
    try {
      let found: string | undefined;
      const explored = explore(atTheSwitchover(), {
        budget,
        deaths,
        until: (parties) => (found ??= broken(parties)) !== undefined,
      });
      if (found !== undefined) return found;
      return explored.stranded(isSettled).length > 0 ? "nothing settled is reached any more" : undefined;
    } catch (error) {
      // A host that acts against its journal says so itself.
      return error instanceof Error ? error.message : String(error);
    }
  });
}

const asReleased = (migration: Migration): migration is Switchover =>
  migration.phase === "switchover" && migration.stage === "granting";

/** Each rule of the handover, taken away. */
const mutations: [rule: string, what: string, mutation: Partial<Rules>][] = [
  [
    "H1",
    "the source refuses what it has released",
    {
      stepSource: (state, event) =>
        event.type === "refuse" && state.at === "released"
          ? { state: { ...state, at: "refused" }, effects: [{ do: "resumeDevices" }] }
          : stepSource(state, event),
    },
  ],
  [
    "H1",
    "the source keeps the guest without writing it down",
    {
      stepSource: (state, event) => {
        const next = stepSource(state, event);
        return {
          ...next,
          effects: next.effects.filter((effect) => effect.do !== "journal" || effect.entry !== "refused"),
        };
      },
    },
  ],
  [
    "H2",
    "the source releases before the destination has said that it has loaded",
    {
      stepSource: (state, event) => {
        const next = stepSource(state, event);
        if (event.type !== "stopped" || next.state.at !== "frozen") return next;
        const released = stepSource(next.state, { type: "loaded" });
        return { ...released, effects: [...next.effects, ...released.effects] };
      },
    },
  ],
  [
    "H3",
    "the source takes the guest back when it is asked to freeze again",
    {
      stepSource: (state, event) =>
        event.type === "freeze" && state.at === "released"
          ? stepSource(state, { type: "reclaim", epoch: state.epoch + 1 })
          : stepSource(state, event),
    },
  ],
  [
    "H4",
    "the destination runs an epoch that it has revoked",
    {
      stepDestination: (state, event) =>
        event.type === "grant" && state.at === "revoked"
          ? stepDestination({ ...state, at: "loaded" }, event)
          : stepDestination(state, event),
    },
  ],
  [
    "H4",
    "the destination starts the guest before it has written down that it was granted",
    {
      stepDestination: (state, event) => {
        const next = stepDestination(state, event);
        return event.type === "grant" ? { ...next, effects: next.effects.toReversed() } : next;
      },
    },
  ],
  [
    "H5",
    "the destination gives up a guest that does not start, and does not write it down",
    {
      stepDestination: (state, event) => {
        const next = stepDestination(state, event);
        if (event.type !== "startFailed") return next;
        return { ...next, effects: next.effects.filter((effect) => effect.do !== "journal") };
      },
    },
  ],
  [
    "H6",
    "the source is asked to take the guest back before the destination has revoked",
    {
      step: (state, event, now) =>
        event.type === "tick" && asReleased(state)
          ? step({ ...state, stage: "reclaiming", askedAt: -1_000 }, event, now)
          : step(state, event, now),
    },
  ],
  [
    "H7",
    "the source destroys its copy with the release",
    {
      stepSource: (state, event) => {
        const next = stepSource(state, event);
        return event.type === "loaded" && next.state.at === "released"
          ? { ...next, effects: [{ do: "commitDevices" }, ...next.effects] }
          : next;
      },
    },
  ],
  [
    "H7",
    "the destination drops what it has loaded when it revokes",
    {
      stepDestination: (state, event) => {
        const next = stepDestination(state, event);
        if (next.state.at !== "revoked" || state.at === "revoked") return next;
        const dropped = stepDestination(next.state, { type: "drop" });
        return { ...dropped, effects: [...next.effects, ...dropped.effects] };
      },
    },
  ],
  [
    "H8",
    "silence after the release is taken for failure",
    {
      step: (state, event, now) => {
        if (event.type !== "tick" || !asReleased(state)) return step(state, event, now);
        const refused = { type: "refused", epoch: state.facts.epoch + 1, code: "SILENT", detail: "" } as const;
        return step({ ...state, stage: "freezing" }, refused, now);
      },
    },
  ],
  [
    "H10",
    "nothing is asked again",
    {
      step: (state, event, now) =>
        event.type === "tick" ? { state, effects: [], notices: [] } : step(state, event, now),
    },
  ],
  [
    "H10",
    "an answer is given once only",
    {
      stepSource: (state, event) =>
        event.type === "freeze" && state.at === "released" ? { state, effects: [] } : stepSource(state, event),
      stepDestination: (state, event) =>
        event.type === "grant" && (state.at === "running" || state.at === "revoked")
          ? { state, effects: [] }
          : stepDestination(state, event),
    },
  ],
];

const isUndecided = (migration: Migration): migration is Switchover =>
  migration.phase === "switchover" && migration.stage === "undecided";

/** The same of the rules about machines that die. */
const mutationsOfFencing: typeof mutations = [
  [
    "H8",
    "a host that is silent is taken for a dead one, and the other runs the guest",
    {
      step: (state, event, now) =>
        event.type === "tick" && state.phase === "switchover" && state.stage === "reclaiming"
          ? step({ ...state, stage: "regranting", askedAt: -1_000 }, event, now)
          : step(state, event, now),
    },
  ],
  [
    "H8",
    "the older copy is run, and nobody has accepted that",
    {
      step: (state, event, now) =>
        event.type === "tick" && isUndecided(state)
          ? step(
              { ...state, stage: state.fenced?.source === undefined ? "reclaiming" : "regranting", askedAt: -1_000 },
              event,
              now,
            )
          : step(state, event, now),
    },
  ],
  [
    "H8",
    "the destination runs what it has not loaded",
    {
      stepDestination: (state, event) =>
        event.type === "regrant" && !state.whole
          ? stepDestination({ ...state, at: "loaded" }, event)
          : stepDestination(state, event),
    },
  ],
  ["H8", "a machine that is started anew runs what its journal says", { judgeClaim: () => "confirmed" }],
  ["H8", "a host runs its guest while the other is to run in its place", { mayRun: () => true }],
  [
    "H8",
    "what a host claims of a guest that is lost is cleared away",
    { judgeClaim: (claim) => judgeClaim({ ...claim, known: { ...claim.known, lost: false } }) },
  ],
  [
    "H8",
    "the word of a host counts that others act in the place of",
    {
      step: (state, event, now) =>
        event.type === "running" && state.phase === "switchover"
          ? step({ ...state, fenced: undefined }, event, now)
          : step(state, event, now),
    },
  ],
];

describe("each rule of the handover is needed: without it the exploration finds what must not be", () => {
  test.each(mutations)("%s: %s", (_rule, _what, mutation) => {
    expect(faultsOf(mutation, 1) ?? faultsOf(mutation, 2)).toBeDefined();
  });

  test.each(mutationsOfFencing)("%s: %s", (_rule, _what, mutation) => {
    expect(faultsOf(mutation, 2, true) ?? faultsOf(mutation, 3, true)).toBeDefined();
  });

  test("with all of them one fault leads to nothing that must not be", () => {
    expect(faultsOf({}, 1, true)).toBeUndefined();
  });
});
