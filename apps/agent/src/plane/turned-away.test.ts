import { ChannelError, type ChannelErrorCode } from "@godwit/channel";
import { expect, test } from "vitest";
import type { TurnedAway } from "./calls.ts";
import { DoorKeeper } from "./turned-away.ts";

function doorOf(...open: string[]): {
  turn: (frame: string | undefined, code: ChannelErrorCode, migration?: string) => void;
  told: TurnedAway[];
} {
  const told: TurnedAway[] = [];
  const door = new DoorKeeper(
    (migrationId) => open.includes(migrationId),
    (visit) => told.push(visit),
  );
  const turn = (frame: string | undefined, code: ChannelErrorCode, migration?: string) =>
    door.turnedAway({ frame, migration, error: new ChannelError(code, `about ${migration ?? "nothing"}`) });
  return { turn, told };
}

test("H11: no ticket, a wrong one, and one of a migration that is not open are a bad ticket; a stranger is what it is", () => {
  const { turn, told } = doorOf("m1");
  turn("hello", "wrong-ticket", "m1");
  turn("hello", "unknown-channel", "made up");
  turn("grant", "bad-hello");
  turn(undefined, "version-mismatch");
  expect(told.map(({ migrationId, said, code }) => [migrationId, said, code])).toEqual([
    ["m1", "hello", "bad-ticket"],
    [undefined, "hello", "bad-ticket"],
    [undefined, "grant", "bad-ticket"],
    [undefined, "connection", "version-mismatch"],
  ]);
  expect(JSON.stringify(told)).not.toContain("made up");
});

test("H11: who dials over and over, under whatever names, is told of once", () => {
  const { turn, told } = doorOf("m1");
  for (let time = 0; time < 1_000; time += 1) turn("hello", "unknown-channel", `made up ${time}`);
  for (let time = 0; time < 1_000; time += 1) turn("hello", "wrong-ticket", "m1");
  expect(told).toHaveLength(2);
});
