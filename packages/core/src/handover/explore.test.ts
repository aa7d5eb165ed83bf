import { expect, test } from "vitest";
import { type Parties, explore } from "../../test/explore.ts";
import { guestId } from "../../test/hosts.ts";
import { atTheSwitchover, inWords, isSettled } from "../../test/settled.ts";
import { isEnded } from "../migration/state.ts";
import { foldJournal } from "./journal.ts";

/**
 * Every order of messages, with at most four faults among: a message lost or doubled, an agent that crashes before any of its acts,
 * devices that fail to stop, to load or to start.
 */
const found = explore(atTheSwitchover(), 4);

/** The first world that must not be, in few words. */
function counterexample(holds: (parties: Parties) => boolean): unknown {
  const met = found.met.find(({ parties }) => !holds(parties));
  return met === undefined ? undefined : inWords(found.world(met.first));
}

test("H1 to H10: the exploration is not a small one, and meets every ending at every epoch", () => {
  expect(found.size).toBeGreaterThan(3_000_000);
  const endings = new Set<string>();
  for (const { parties } of found.met.filter((met) => isSettled(met.parties))) {
    const { migration } = parties;
    if (isEnded(migration)) endings.add(`${migration.phase} ${migration.owner.role} ${migration.owner.epoch}`);
  }
  expect([...endings].toSorted()).toEqual(["completed destination 2", "failed source 2", "failed source 3"]);
});

test("H1, H3, H4, H5: never do both hosts run the guest", () => {
  expect(
    counterexample(({ source: from, destination: to }) => from.devices !== "running" || to.devices !== "running"),
  ).toBeUndefined();
});

test("H2: never is a guest given away before it has loaded on the other side", () => {
  expect(
    counterexample(
      ({ source: from, destination: to }) => from.handover.at !== "released" || to.handover?.at !== "reserved",
    ),
  ).toBeUndefined();
});

test("H7: the source destroys its copy only while the destination runs", () => {
  expect(
    counterexample(({ source: from, destination: to }) => from.devices !== "gone" || to.devices === "running"),
  ).toBeUndefined();
});

test("H7: the destination drops what it has loaded only while the source runs", () => {
  expect(
    counterexample(({ source: from, destination: to }) => to.handover?.at !== "dropped" || from.devices === "running"),
  ).toBeUndefined();
});

test("H9: an ended migration names the host that runs the guest, and an epoch after which it can be handed over again", () => {
  expect(
    counterexample(({ migration: ended, source: from, destination: to }) => {
      if (!isEnded(ended)) return true;
      const owner = ended.owner.role === "source" ? from : to;
      const next = { entry: "released", guestId, migrationId: "next", epoch: ended.owner.epoch + 1 } as const;
      return owner.devices === "running" && foldJournal(owner.parts, next).get(guestId)?.part.as === "released";
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
