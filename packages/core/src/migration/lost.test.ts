import { expect, test } from "vitest";
import { states } from "../../test/events.ts";
import { precopy, switchover } from "../../test/facts.ts";
import type { MigrationEvent } from "./events.ts";
import { isEnded, type Migration, type Role } from "./state.ts";
import { step } from "./step.ts";

const epoch = 2;
const detail = "QEMU for web has ended by SIGKILL";
const spent: MigrationEvent = { type: "spent", epoch, exact: false, detail };

function broken(role: Role, ofPeer?: true): MigrationEvent {
  return { type: "broken", role, code: "gone", detail, ofPeer };
}

function after(first: Migration, ...events: MigrationEvent[]): Migration {
  return events.reduce((state, event) => step(state, event, 1_000).state, first);
}

function reasonOf(state: Migration): string | undefined {
  return isEnded(state) ? state.reason.sentence : undefined;
}

test.each(["preflight, source asked", "preflight, destination asked", "precopy", "precopy, held"])(
  "M17: a source that has nothing left ends it as lost, with what has ended: %s",
  (phase) => {
    const state = after(states[phase] ?? precopy, spent);
    expect(state).toMatchObject({
      phase: "lost",
      owner: { role: "source", epoch: 1 },
      owes: ["source", "destination"],
    });
    expect(reasonOf(state)).toBe(
      "web is lost: alpha has nothing left of web that could run: QEMU for web has ended by SIGKILL.",
    );
  },
);

test("M17: so does one whose agent has restarted and finds nothing left; one that finds the guest has it go on", () => {
  const restarted = { type: "connected", role: "source", attempt: undefined } as const;
  expect(after(precopy, { ...restarted, lost: detail })).toMatchObject({ phase: "lost", reason: { code: "LOST" } });
  expect(reasonOf(after(precopy, restarted))).toContain("web goes on serving on alpha");
});

test("M17: in the switchover the destination is asked first, and where it has nothing whole what has ended is named", () => {
  const asked = after(switchover("freezing"), spent);
  expect(asked).toMatchObject({
    phase: "switchover",
    stage: "revoking",
    fenced: { source: { reason: expect.stringContaining("SIGKILL") } },
  });
  const state = after(asked, { type: "revoked", epoch, whole: false, code: "REVOKED", detail: "it was asked" });
  expect(state.phase).toBe("lost");
  expect(reasonOf(state)).toContain("QEMU for web has ended by SIGKILL");
});

test("M17: a word of another epoch loses nothing", () => {
  expect(after(precopy, { type: "spent", epoch: 5, exact: true }).phase).toBe("precopy");
});

test.each(["preflight, destination asked", "precopy", "freezing"])(
  "M17: what a destination has heard of the source's end is no word on the guest: %s",
  (phase) => {
    const state = states[phase] ?? precopy;
    const { state: heard, effects } = step(state, broken("destination", true), 1_000);
    expect([heard.phase, effects]).toEqual([state.phase, []]);
  },
);

test.each(["preflight, destination asked", "precopy"])(
  "M18: the reason names the host that broke, and not the one that has heard of it: %s",
  (phase) => {
    const state = states[phase] ?? precopy;
    for (const event of [broken("destination"), broken("source", true)])
      expect(reasonOf(after(state, event))).toMatch(/^beta gave up: QEMU for web has ended by SIGKILL/);
    expect(reasonOf(after(state, broken("source")))).toMatch(/^alpha gave up/);
  },
);

test("M18: so it does in the switchover, whichever side is heard first", () => {
  const refused: MigrationEvent = { type: "refused", epoch, code: "gone", detail, ofPeer: true };
  const sentence = "beta could not go on: QEMU for web has ended by SIGKILL; web goes on serving on alpha.";
  expect(reasonOf(after(switchover("freezing"), refused))).toBe(sentence);
  expect(reasonOf(after(switchover("freezing"), broken("destination"), refused))).toBe(sentence);
  expect(reasonOf(after(switchover("freezing"), broken("source", true), refused))).toBe(sentence);
});

test("M18: a destination that has revoked is not said to have restarted", () => {
  const connected = { type: "connected", role: "destination" } as const;
  expect(reasonOf(after(precopy, { ...connected, attempt: "revoked" }))).toMatch(/^beta gave up;/);
  expect(reasonOf(after(precopy, { ...connected, attempt: undefined }))).toContain("restarted");
});
