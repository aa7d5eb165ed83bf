import * as fc from "fast-check";
import { expect, test } from "vitest";
import { restoring, saving } from "./begin-save.ts";
import { outstandingOfSave } from "./outstanding-of-save.ts";
import type { Saved, SaveState } from "./save-state.ts";
import { type SaveEvent, type SaveStep, stepSave, type SaveWord } from "./step-save.ts";

const guest = { id: "g", name: "web" };
const [alpha, beta] = [
  { id: "a", name: "alpha" },
  { id: "b", name: "beta" },
];
const order = { id: "save", guest, host: alpha, folder: "/saves/web", ownedAt: 4, limitMs: 60_000 };
const epoch = 5;

type Said<Word> = Word extends SaveWord ? Omit<Word, "id" | "hostId"> : never;

function fromAlpha(word: Said<SaveWord>): SaveEvent {
  return { id: "save", hostId: "a", ...word };
}

function fromBeta(word: Said<SaveWord>, id = "restore"): SaveEvent {
  return { id, hostId: "b", ...word };
}

function after(state: SaveState, ...events: SaveEvent[]): SaveStep {
  return events.reduce<SaveStep>((step, event) => stepSave(step.state, event, 0), { state });
}

function inWords({ state, placement, notice }: SaveStep): string {
  const where = placement && `${placement.state} on ${placement.hostId} at ${placement.epoch}`;
  const stage = "stage" in state ? `${state.at} ${state.stage}` : state.at;
  return [stage, where, notice?.failure === undefined ? notice?.type : `${notice.type} ${notice.failure.code}`]
    .filter((part) => part !== undefined)
    .join(" | ");
}

const asked = saving(order, 0);
const freezing = after(asked, fromAlpha({ type: "sourcePrepared" })).state;
const released = fromAlpha({ type: "released", epoch, bytes: 9 });
const misplaced = fromAlpha({ type: "misplaced", epoch, code: "folder-taken", detail: "it is there" });
const reclaiming = after(freezing, misplaced).state;
const isSaved = (state: SaveState): state is Saved => state.at === "saved";

function saved(): Saved {
  const { state } = after(freezing, released, fromAlpha({ type: "discarded", epoch }));
  if (!isSaved(state)) throw new Error("it is not saved");
  return state;
}

function loading(from = saved(), id = "restore") {
  return restoring({ id, guest, host: beta, folder: "/saves/web", save: from.save, from }, 0);
}

const granting = after(loading(), fromBeta({ type: "loaded", epoch: 6 })).state;
const silent: SaveEvent = { type: "silent", hostId: "a" };
const fenced: SaveEvent = { type: "fenced", hostId: "a" };

test.each<[string, SaveState, SaveEvent, string]>([
  ["F1", asked, fromAlpha({ type: "sourcePrepared" }), "saving freezing"],
  [
    "F3",
    asked,
    fromAlpha({ type: "declined", code: "folder-taken", detail: "" }),
    "over | guest.save-failed folder-taken",
  ],
  ["F3", asked, silent, "over | guest.save-failed HOST_SILENT"],
  ["F3", asked, fenced, "over | guest.save-failed FENCED"],
  ["F1", freezing, released, "saved | saved on a at 5 | guest.saved"],
  [
    "F3",
    freezing,
    fromAlpha({ type: "refused", epoch, code: "no-room", detail: "" }),
    "over | running on a at 5 | guest.save-failed no-room",
  ],
  ["F3", freezing, silent, "saving freezing"],
  ["F3", freezing, misplaced, "saving reclaiming"],
  ["F3", freezing, fromAlpha({ type: "spent", epoch }), "over | stopped on a at 4 | guest.save-failed SPENT"],
  [
    "F3",
    reclaiming,
    fromAlpha({ type: "reclaimed", epoch: 6 }),
    "over | running on a at 6 | guest.save-failed folder-taken",
  ],
  ["F3", reclaiming, released, "saving reclaiming"],
  ["F5", loading(), fromBeta({ type: "loaded", epoch: 6 }), "restoring granting"],
  [
    "F5",
    loading(),
    fromBeta({ type: "broken", code: "save-damaged", detail: "" }),
    "saved | saved on a at 6 | guest.restore-failed save-damaged",
  ],
  ["F5", loading(), fromBeta({ type: "running", epoch: 6 }), "restoring loading"],
  ["F5", loading(), { type: "silent", hostId: "b" }, "saved | saved on a at 6 | guest.restore-failed HOST_SILENT"],
  ["F5", loading(), { type: "fenced", hostId: "b" }, "saved | saved on a at 6 | guest.restore-failed FENCED"],
  ["F5", granting, fromBeta({ type: "running", epoch: 6 }), "over | running on b at 6 | guest.restored"],
  [
    "F5",
    granting,
    fromBeta({ type: "revoked", epoch: 6, code: "PORT", detail: "" }),
    "saved | saved on a at 6 | guest.restore-failed PORT",
  ],
  ["F5", granting, { type: "silent", hostId: "b" }, "restoring granting"],
  ["F5", granting, { type: "fenced", hostId: "b" }, "over | lost on b at 6 | guest.restore-failed FENCED"],
])("%s: from %j, told %j: %s", (_rule, state, event, expected) => {
  expect(inWords(stepSave(state, event, 0))).toBe(expected);
});

test("H9, H11: a word of another attempt, of another host or at another epoch changes nothing", () => {
  const words = [released, misplaced, fromAlpha({ type: "refused", epoch, code: "", detail: "" })];
  for (const word of words)
    for (const other of [{ hostId: "b" }, { id: "another" }, { epoch: 4 }, { epoch: 6 }])
      expect(stepSave(freezing, { ...word, ...other }, 0)).toEqual({ state: freezing });
});

test("H10: what is unanswered is said again, and what a host has yet to clear away until it has", () => {
  const said = (state: SaveState) => outstandingOfSave(state).map(({ hostId, command }) => `${hostId} ${command.type}`);
  expect(said(asked)).toEqual(["a prepareSave"]);
  expect(said(freezing)).toEqual(["a freeze"]);
  expect(said(reclaiming)).toEqual(["a reclaim"]);
  const { state } = after(freezing, released);
  expect(said(state)).toEqual(["a discard"]);
  expect(said(saved())).toEqual([]);
  expect(said(loading())).toEqual(["b prepareRestore"]);
  expect(said(granting)).toEqual(["b grant"]);
  const failed = after(granting, fromBeta({ type: "revoked", epoch: 6, code: "PORT", detail: "" })).state;
  expect(said(failed)).toEqual(["b abort"]);
  expect(said(after(failed, fromBeta({ type: "aborted" })).state)).toEqual([]);
  expect(said(after(failed, { type: "fenced", hostId: "b" }).state)).toEqual([]);
});

test("F5: an epoch that a host was to be granted is used up, whatever became of it", () => {
  const failed = after(granting, fromBeta({ type: "revoked", epoch: 6, code: "PORT", detail: "" })).state;
  expect(isSaved(failed) && loading(failed).epoch).toBe(7);
});

/** What any host may say at any time, in any order. */
const anyEvent = fc
  .record({
    type: fc.constantFrom<SaveEvent["type"]>(
      ...([
        "sourcePrepared",
        "declined",
        "broken",
        "refused",
        "misplaced",
        "revoked",
        "released",
        "reclaimed",
      ] as const),
      ...(["discarded", "loaded", "running", "spent", "aborted", "silent", "fenced"] as const),
    ),
    hostId: fc.constantFrom("a", "b"),
    id: fc.constantFrom("save", "restore", "restore-2"),
    epoch: fc.integer({ min: 4, max: 9 }),
  })
  .map((said): SaveEvent => ({ ...said, code: "CODE", detail: "why", bytes: 1 }));

test("F4, F5: never is an epoch granted that was granted before, and never a guest that nobody has released", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state: SaveState = asked;
      let hasReleased = false;
      let attempts = 0;
      const granted: number[] = [];
      for (const event of events) {
        const before: SaveState = state;
        state = stepSave(before, event, 0).state;
        if (before.at === "saving" && state.at === "saved") hasReleased = event.type === "released";
        const begins = state.at === "restoring" && before.at === "restoring" && before.stage === "loading";
        if (begins && state.at === "restoring" && state.stage === "granting") granted.push(state.epoch);
        if (isSaved(state)) state = loading(state, (attempts += 1) % 2 === 0 ? "restore" : "restore-2");
      }
      expect(granted).toEqual([...new Set(granted)].toSorted((a, b) => a - b));
      expect(hasReleased || granted.length === 0).toBe(true);
    }),
  );
});
