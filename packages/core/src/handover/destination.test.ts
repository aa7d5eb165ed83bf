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
    if (effect.do === "tellRevoked") return `tell revoked ${effect.epoch} ${effect.code}`;
    return effect.do === "tellBroken" ? `tell broken ${effect.code}` : effect.do;
  });
  return [state.at, ...done].join(" | ");
}

function answer(at: DestinationHandover["at"], event: DestinationEvent): string {
  return inWords(stepDestination({ epoch, at }, event));
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
      revoked: "revoked | tell revoked 5 ALREADY_REVOKED",
    },
  },
  { event: { type: "started" }, at: { granted: "running | tell running 5" } },
  {
    event: { type: "startFailed", code: "PORT", detail: "taken" },
    at: { granted: "revoked | journal revoked 5 | tell revoked 5 PORT" },
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
      loaded: "revoked | journal revoked 5 | tell revoked 5 REVOKED",
      running: "running | tell running 5",
      revoked: "revoked | tell revoked 5 ALREADY_REVOKED",
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
  "H4, H5, H7: told $event.type, a destination that is $place answers: $answer",
  ({ event, place, answer: expected }) => {
    expect(answer(place, event)).toBe(expected);
  },
);

test("H9: a grant or a revoke of any other epoch changes nothing and is not answered", () => {
  for (const at of places)
    for (const other of [epoch - 1, epoch + 1])
      for (const type of ["grant", "revoke"] as const) expect(answer(at, { type, epoch: other })).toBe(at);
});
