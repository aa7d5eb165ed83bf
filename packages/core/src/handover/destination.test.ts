import { expect, test } from "vitest";
import {
  type DestinationEvent,
  type DestinationHandover,
  type DestinationStep,
  stepDestination,
} from "./destination.ts";

const epoch = 5;

function inWords({ state, effects }: DestinationStep): string {
  const done = effects.map((effect) => {
    if (effect.do === "journal") return `journal ${effect.entry} ${effect.epoch}`;
    if (effect.do === "confirmLoaded") return `confirm loaded ${effect.epoch}`;
    if (effect.do === "tell") return `tell ${effect.said} ${effect.epoch}`;
    if (effect.do === "tellRevoked")
      return `tell revoked ${effect.epoch} ${effect.code}${effect.whole ? ", whole" : ""}`;
    return effect.do === "tellBroken" ? `tell broken ${effect.failure.code}` : effect.do;
  });
  return [state.at, ...done].join(" | ");
}

function answer(at: DestinationHandover["at"], event: DestinationEvent): string {
  return inWords(stepDestination({ epoch, at, whole: at !== "reserved" && at !== "dropped" }, event));
}

/** For each question, what a destination says and does at each place; a place that is left out stays as it is and says nothing. */
const table: { event: DestinationEvent; at: Partial<Record<DestinationHandover["at"], string>> }[] = [
  { event: { type: "loaded" }, at: { reserved: "loaded | confirm loaded 5 | tell loaded 5" } },
  {
    event: { type: "grant", epoch },
    at: {
      reserved: "revoked | journal revoked 5 | tell revoked 5 NOTHING_LOADED",
      loaded: "granted | journal granted 5 | startDevices",
      running: "running | tell running 5",
      revoked: "revoked | tell revoked 5 ALREADY_REVOKED, whole",
    },
  },
  { event: { type: "started" }, at: { granted: "running | tell running 5" } },
  {
    event: { type: "startFailed", whole: true, code: "PORT", detail: "taken" },
    at: { granted: "revoked | journal revoked 5 | tell revoked 5 PORT, whole" },
  },
  {
    event: { type: "failed", code: "DIGEST", detail: "differs" },
    at: {
      reserved: "revoked | journal revoked 5 | tell broken DIGEST",
      loaded: "revoked | journal revoked 5 | tell broken DIGEST",
    },
  },
  {
    event: { type: "revoke", epoch },
    at: {
      reserved: "revoked | journal revoked 5 | tell revoked 5 REVOKED",
      loaded: "revoked | journal revoked 5 | tell revoked 5 REVOKED, whole",
      running: "running | tell running 5",
      revoked: "revoked | tell revoked 5 ALREADY_REVOKED, whole",
    },
  },
  {
    event: { type: "regrant", epoch: epoch + 2 },
    at: {
      reserved: "revoked | journal revoked 5 | tell revoked 5 EMPTY | tell empty 7",
      loaded: "granted | journal regranted 7 | startKept",
      running: "running | tell running 5",
      revoked: "granted | journal regranted 7 | startKept",
      dropped: "dropped | tell empty 7",
    },
  },
  {
    event: { type: "drop" },
    at: {
      reserved: "dropped | dropDevices | journal dropped 5",
      loaded: "dropped | dropDevices | journal dropped 5",
      revoked: "dropped | dropDevices | journal dropped 5",
    },
  },
];

const places = ["reserved", "loaded", "granted", "running", "revoked", "dropped"] as const;

test.each(table.flatMap(({ event, at }) => places.map((place) => ({ event, place, answer: at[place] ?? place }))))(
  "H4, H5, H7, H8: told $event.type, a destination that is $place answers: $answer",
  ({ event, place, answer: expected }) => {
    expect(answer(place, event)).toBe(expected);
  },
);

test("H9: a grant or a revoke of any other epoch changes nothing and is not answered", () => {
  for (const at of places)
    for (const other of [epoch - 1, epoch + 1])
      for (const type of ["grant", "revoke"] as const) expect(answer(at, { type, epoch: other })).toBe(at);
});

test("H8: what was revoked and is not whole is not run on a regrant", () => {
  const revoked = { epoch, at: "revoked", whole: false } as const;
  expect(inWords(stepDestination(revoked, { type: "regrant", epoch: epoch + 2 }))).toBe("revoked | tell empty 7");
});

test("H8: a copy of which no other is to be had is not given up when it does not start, and is tried again", () => {
  const regrant = { type: "regrant", epoch: epoch + 2 } as const;
  const granted = stepDestination({ epoch, at: "loaded", whole: true }, regrant).state;
  const broken = { type: "startFailed", whole: false, code: "PORT", detail: "taken" } as const;
  const failed = stepDestination(granted, broken);
  expect(inWords(failed)).toBe("granted | tell broken PORT");
  const again = stepDestination(failed.state, regrant);
  expect(inWords(again)).toBe("granted | startKept");
  expect(inWords(stepDestination(again.state, { type: "started" }))).toBe("running | tell running 7");
});

test("H8: a copy that breaks after it was revoked is whole no more", () => {
  const failed = { type: "failed", code: "GONE", detail: "its process has ended" } as const;
  expect(stepDestination({ epoch, at: "revoked", whole: true }, failed)).toMatchObject({
    state: { at: "revoked", whole: false },
    effects: [],
  });
});
