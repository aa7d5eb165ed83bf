import { expect, test } from "vitest";
import { type SourceEvent, type SourceHandover, type SourceStep, stepSource } from "./source.ts";

const epoch = 5;

function inWords({ state, effects }: SourceStep): string {
  const done = effects.map((effect) => {
    if (effect.do === "journal") return `journal ${effect.entry} ${effect.epoch}`;
    if (effect.do === "tell") return `tell ${effect.said} ${effect.epoch}`;
    if (effect.do === "tellSpent")
      return `tell spent ${effect.epoch}${effect.exact ? ", exact" : ""}${effect.detail === undefined ? "" : `: ${effect.detail}`}`;
    if (effect.do === "tellBroken")
      return `tell broken ${effect.failure.code}${effect.failure.ofPeer === true ? " of the peer" : ""}`;
    if (effect.do === "tellRefused") return `tell refused ${effect.epoch} ${effect.failure.code}`;
    return effect.do === "grant" ? `grant ${effect.epoch}` : effect.do;
  });
  return [state.at, ...done].join(" | ");
}

function answer(at: SourceHandover["at"], event: SourceEvent, whole = true): string {
  return inWords(stepSource({ epoch, at, whole }, event));
}

/** For each question, what a source says and does at each place; a place that is left out stays as it is and says nothing. */
const table: { event: SourceEvent; at: Partial<Record<SourceHandover["at"], string>> }[] = [
  {
    event: { type: "freeze", epoch },
    at: {
      owns: "freezing | stopDevices",
      frozen: "frozen | tell frozen 5",
      refused: "refused | tell refused 5 ALREADY_REFUSED",
      released: "released | grant 5 | tell released 5",
    },
  },
  { event: { type: "stopped" }, at: { freezing: "frozen | tell frozen 5" } },
  { event: { type: "loaded" }, at: { frozen: "released | journal released 5 | grant 5 | tell released 5" } },
  {
    event: { type: "failed", code: "BROKEN", detail: "a disk" },
    at: {
      owns: "owns | tell broken BROKEN",
      freezing: "refused | journal refused 5 | resumeDevices | tell refused 5 BROKEN",
      frozen: "refused | journal refused 5 | resumeDevices | tell refused 5 BROKEN",
    },
  },
  {
    event: { type: "refuse", epoch },
    at: {
      owns: "refused | journal refused 5 | tell refused 5 REFUSED",
      freezing: "refused | journal refused 5 | resumeDevices | tell refused 5 REFUSED",
      frozen: "refused | journal refused 5 | resumeDevices | tell refused 5 REFUSED",
      refused: "refused | tell refused 5 ALREADY_REFUSED",
      released: "released | tell released 5",
    },
  },
  {
    event: { type: "reclaim", epoch: epoch + 1 },
    at: {
      released: "reclaimed | journal reclaimed 6 | resumeDevices | tell reclaimed 6",
      reclaimed: "reclaimed | tell reclaimed 6",
    },
  },
  {
    event: { type: "discard", epoch },
    at: {
      released: "discarded | commitDevices | journal discarded 5 | tell discarded 5",
      discarded: "discarded | tell discarded 5",
    },
  },
];

const places = ["owns", "freezing", "frozen", "released", "refused", "reclaimed", "discarded"] as const;

test.each(table.flatMap(({ event, at }) => places.map((place) => ({ event, place, answer: at[place] ?? place }))))(
  "H1 to H3, H7: asked to $event.type, a source that is $place answers: $answer",
  ({ event, place, answer: expected }) => {
    expect(answer(place, event)).toBe(expected);
  },
);

test("H9: a message of any other epoch changes nothing and is not answered", () => {
  for (const at of places) {
    for (const other of [epoch - 1, epoch + 1, epoch + 2])
      for (const type of ["freeze", "refuse", "discard"] as const) expect(answer(at, { type, epoch: other })).toBe(at);
    for (const other of [epoch - 1, epoch, epoch + 2]) expect(answer(at, { type: "reclaim", epoch: other })).toBe(at);
  }
});

test("M6: what the other side has said of itself is told as such, before the stop and after", () => {
  const ofPeer = { type: "failed", code: "BROKEN", detail: "a disk", ofPeer: true } as const;
  expect(answer("owns", ofPeer)).toBe("owns | tell broken BROKEN of the peer");
  const { effects } = stepSource({ epoch, at: "frozen", whole: true }, ofPeer);
  expect(effects.at(-1)).toMatchObject({ do: "tellRefused", failure: { code: "BROKEN", ofPeer: true } });
});

const failed = { type: "failed", code: "BROKEN", detail: "a disk" } as const;
const refuse = { type: "refuse", epoch } as const;
const reclaim = { type: "reclaim", epoch: epoch + 1 } as const;

test.each<[SourceHandover["at"], SourceEvent, string]>([
  ["owns", failed, "owns | tell spent 5: a disk"],
  ["freezing", failed, "freezing | tell spent 5"],
  ["frozen", failed, "frozen | tell spent 5"],
  ["owns", refuse, "owns | tell spent 5"],
  ["frozen", refuse, "frozen | tell spent 5"],
  ["refused", refuse, "refused | tell spent 5"],
  ["released", refuse, "released | tell released 5"],
  ["released", reclaim, "released | tell spent 6, exact"],
  ["reclaimed", reclaim, "reclaimed | tell spent 6"],
])("H8: with nothing left a source that is %s writes nothing down on %o: %s", (at, event, expected) => {
  expect(answer(at, event, false)).toBe(expected);
});

test("H8: what a source has is as it was last looked for", () => {
  const gone = stepSource({ epoch, at: "released", whole: true }, { type: "looked", whole: false }).state;
  expect(inWords(stepSource(gone, reclaim))).toBe("released | tell spent 6, exact");
  const named = stepSource(gone, { type: "looked", whole: false, lost: "its process has ended" }).state;
  expect(inWords(stepSource(named, reclaim))).toBe("released | tell spent 6, exact: its process has ended");
  const back = stepSource(gone, { type: "looked", whole: true }).state;
  expect(inWords(stepSource(back, reclaim))).toBe("reclaimed | journal reclaimed 6 | resumeDevices | tell reclaimed 6");
});
