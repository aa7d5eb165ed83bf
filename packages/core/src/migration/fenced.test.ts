import { expect, test } from "vitest";
import { switchover, precopy } from "../../test/facts.ts";
import type { MigrationEvent } from "./events.ts";
import type { Migration, Role } from "./state.ts";
import { step } from "./step.ts";
import { isUnknown } from "./switchover.ts";

const epoch = 2;
const released: MigrationEvent = {
  type: "released",
  epoch,
  stoppedMs: 20,
  rttMs: 1,
  stoppedBytes: 0,
  devices: [],
};

function fenced(role: Role, acceptOlderCopy = false): MigrationEvent {
  return { type: "fenced", role, by: "ann", reason: "the rack burns", acceptOlderCopy };
}

function revoked(whole: boolean): MigrationEvent {
  return { type: "revoked", epoch, whole, code: "REVOKED", detail: "it was asked" };
}

/** The last sentence that was told, and where it has got to. */
function after(first: Migration, ...events: MigrationEvent[]): { state: Migration; told: string } {
  let [state, told] = [first, ""];
  for (const event of events) {
    const next = step(state, event, 1_000);
    state = next.state;
    told = next.notices.at(-1)?.sentence ?? told;
  }
  return { state, told };
}

test("H8: a fenced source that is back while the other side is made to run is told to clear away what it has, unless it is fenced again", () => {
  const running: MigrationEvent = { type: "running", epoch: 4, devices: [] };
  const regranting = after(switchover("freezing"), fenced("source", true), revoked(true)).state;
  const back: MigrationEvent = { type: "connected", role: "source", attempt: undefined };
  expect(after(regranting, running).state).toMatchObject({ phase: "completed", owes: [] });
  expect(after(regranting, back, running).state).toMatchObject({ phase: "completed", owes: ["source"] });
  expect(after(regranting, back, fenced("source", true), running).state).toMatchObject({
    phase: "completed",
    owes: [],
  });
});

test("H8: a copy that may be older waits for somebody who accepts it, and says so", () => {
  const { state, told } = after(switchover("freezing"), fenced("source"), revoked(true));
  expect(told).toBe(
    "beta has a whole copy of web. alpha may have run web after beta's copy was taken: " +
      "it waits until alpha is back with it, or the older copy is accepted.",
  );
  expect(state.phase === "switchover" && isUnknown(state, 1_000)).toBe(true);
  const run = after(state, fenced("source", true), { type: "running", epoch: 4, devices: [] });
  expect(run.state).toMatchObject({ phase: "completed", owner: { role: "destination", epoch: 4 }, owes: [] });
  expect(run.told).toBe(
    "web runs on beta, from the copy taken when it stopped on alpha, which is fenced. What alpha may have served since is not in it.",
  );
});

test("H8: what the source has released is run without anybody's acceptance, and its downtime is not told", () => {
  const { state, told } = after(switchover("freezing"), released, fenced("source"), {
    type: "running",
    epoch: 4,
    startedMs: 5,
    devices: [],
  });
  expect(told).toBe("web runs on beta, from the copy taken when it stopped on alpha, which is fenced.");
  expect(state).toMatchObject({ phase: "completed", reason: { code: "REGRANTED" } });
  expect(state).not.toHaveProperty("downtimeMs");
});

test("H8: where no whole copy is left it is lost, with the reason", () => {
  const { state, told } = after(switchover("freezing"), fenced("source"), revoked(false));
  expect(state).toMatchObject({ phase: "lost", owner: { role: "source", epoch: 1 }, owes: ["destination"] });
  expect(told).toBe("web is lost: beta has no whole copy of it.");
  expect(after(precopy, fenced("source")).told).toBe("web is lost: alpha is fenced by ann: the rack burns.");
  const both = after(switchover("granting"), fenced("destination"), fenced("source"));
  expect(both.state).toMatchObject({ phase: "lost", owes: [] });
  expect(both.told).toBe("web is lost: alpha is fenced by ann: the rack burns. Neither alpha nor beta can run it.");
});

test("H6: with the destination fenced the source keeps the guest, or takes it back once an older copy is accepted", () => {
  const kept = after(switchover("freezing"), fenced("destination"), {
    type: "refused",
    epoch,
    code: "REFUSED",
    detail: "it was asked",
  });
  expect(kept.state).toMatchObject({ phase: "failed", reason: { code: "DESTINATION_FENCED" }, owes: ["source"] });
  const waits = after(switchover("granting"), fenced("destination"));
  expect(waits.state).toMatchObject({ stage: "undecided" });
  const back = after(waits.state, fenced("destination", true), { type: "reclaimed", epoch: 3 });
  expect(back.state).toMatchObject({ phase: "failed", owner: { role: "source", epoch: 3 } });
  expect(back.told).toBe("beta is fenced by ann: the rack burns. web goes on serving on alpha.");
});

test("H8: a fenced host that comes back before anything was done in its place is heard again", () => {
  const connected = (role: Role): MigrationEvent => ({ type: "connected", role, attempt: undefined });
  const source = after(switchover("freezing"), fenced("source"), revoked(true), connected("source"));
  expect(source).toMatchObject({
    state: { stage: "refusing", fenced: { source: undefined } },
    told: "alpha is back, and is asked what it has of web.",
  });
  const late = after(switchover("granting"), fenced("source"), connected("source"));
  expect(late.state).toMatchObject({ stage: "regranting", fenced: { source: { by: "ann" } } });
});
