import { expect, test } from "vitest";
import { type Parties, explore } from "../../test/explore.ts";
import { guestId, runs } from "../../test/hosts.ts";
import { atTheSwitchover, broken, inWords, isSettled } from "../../test/settled.ts";
import { isEnded } from "../migration/state.ts";
import { foldJournal } from "./journal.ts";

/**
 * Every order of messages, with at most four faults among: a message lost or doubled, an agent that crashes before any of its acts,
 * devices that fail to stop, to load or to start, a machine that dies or comes back. A dead machine is fenced at any moment or never.
 */
const found = explore(atTheSwitchover(), { budget: 4, deaths: true });

/** The same with one fault, which may be that the source's devices die while they stand still. */
const spent = explore(atTheSwitchover(), { budget: 1, devicesDie: true });

/** The first world that must not be, in few words. */
function counterexample(holds: (parties: Parties) => boolean): unknown {
  const met = found.met.find(({ parties }) => !holds(parties));
  return met === undefined ? undefined : inWords(found.world(met.first));
}

test("H1 to H10: the exploration is not a small one, and meets every ending at every epoch", () => {
  expect(found.size).toBeGreaterThan(5_000_000);
  const endings = new Set<string>();
  for (const { parties } of found.met.filter((met) => isSettled(met.parties))) {
    const { migration } = parties;
    if (isEnded(migration)) endings.add(`${migration.phase} ${migration.owner.role} ${migration.owner.epoch}`);
  }
  expect([...endings].toSorted()).toEqual([
    "completed destination 2",
    "completed destination 4",
    "failed source 2",
    "failed source 3",
    "lost destination 4",
    "lost source 1",
    "lost source 3",
  ]);
});

test("H1 to H8: never is there anything that must not be", () => {
  expect(found.met.flatMap(({ parties }) => broken(parties) ?? [])).toEqual([]);
});

test("H1, H3, H4, H5, H8: never do both hosts run the guest", () => {
  expect(counterexample(({ source: from, destination: to }) => !runs(from) || !runs(to))).toBeUndefined();
});

test("H2: never is a guest given away before it has loaded on the other side", () => {
  expect(
    counterexample(
      ({ source: from, destination: to }) => from.handover.at !== "released" || to.handover?.at !== "reserved",
    ),
  ).toBeUndefined();
});

test("H7: the source destroys its copy only once the destination has run", () => {
  expect(counterexample(({ source: from, destination: to }) => from.devices !== "gone" || to.ran)).toBeUndefined();
});

test("H7: the destination drops a whole copy only once the source has run again", () => {
  expect(counterexample(({ source: from, destination: to }) => !to.droppedWhole || from.ranOn)).toBeUndefined();
});

test("H9: an ended migration names the host that runs the guest, and an epoch after which it can be handed over again", () => {
  expect(
    counterexample(({ migration: ended, source: from, destination: to }) => {
      if (!isEnded(ended) || ended.phase === "lost") return true;
      const owner = ended.owner.role === "source" ? from : to;
      const next = { entry: "released", guestId, migrationId: "next", epoch: ended.owner.epoch + 1 } as const;
      const runsOrWill = runs(owner) || owner.devices === "held" || !owner.alive;
      return runsOrWill && foldJournal(owner.parts, next).get(guestId)?.part.as === "released";
    }),
  ).toBeUndefined();
});

test("H6, H8: never is a copy run that may be older than what the other side has served, but where that was accepted", () => {
  expect(
    counterexample(({ migration, source: from, destination: to }) => {
      const fenced = "fenced" in migration ? migration.fenced : undefined;
      const mayRunOlder = {
        source: fenced?.source?.acceptOlderCopy,
        destination: fenced?.destination?.acceptOlderCopy,
      };
      return !(runs(to) && from.ranOn && !mayRunOlder.source) && !(runs(from) && to.ran && !mayRunOlder.destination);
    }),
  ).toBeUndefined();
});

test("H10: from every state a settled one is reached without a further fault", () => {
  expect(
    found
      .stranded(isSettled)
      .slice(0, 3)
      .map((index) => inWords(found.world(index))),
  ).toEqual([]);
});

test("H8: a source that has nothing left is never taken to keep the guest while the destination could run it", () => {
  expect(spent.met.flatMap(({ parties }) => broken(parties) ?? [])).toEqual([]);
  expect(spent.stranded(isSettled).map((index) => inWords(spent.world(index)))).toEqual([]);
  const spentEnds = spent.met.flatMap(({ parties: { migration, source } }) =>
    source.devices === "spent" && isEnded(migration) ? `${migration.phase} ${migration.owner.role}` : [],
  );
  expect([...new Set(spentEnds)].toSorted()).toEqual(["completed destination", "lost source"]);
});
