import { expect, test } from "vitest";
import { Sessions } from "./session.ts";

const minute = 60_000;

test("a code opens one session, once, and only while it is young", () => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const code = sessions.newCode();
  expect(sessions.open("not a code")).toBeUndefined();
  const id = sessions.open(code);
  expect(sessions.find(id)).toMatchObject({ role: "custom", scopes: ["read", "operate", "policies:manage"] });
  expect(sessions.open(code)).toBeUndefined();
  const late = sessions.newCode();
  now += 16 * minute;
  expect(sessions.open(late)).toBeUndefined();
});

test("a session ends after twelve hours, or when it is closed", () => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const [first, second] = [sessions.open(sessions.newCode()), sessions.open(sessions.newCode())];
  sessions.close(first);
  expect(sessions.find(first)).toBeUndefined();
  expect(sessions.find(second)).toBeDefined();
  now += 12 * 60 * minute;
  expect(sessions.find(second)).toBeUndefined();
  expect(sessions.find(undefined)).toBeUndefined();
});

test("the hundred and first session takes the place of the oldest", () => {
  const sessions = new Sessions(() => 0);
  const ids = Array.from({ length: 101 }, () => sessions.open(sessions.newCode()));
  expect(sessions.find(ids[0])).toBeUndefined();
  expect(ids.slice(1).every((id) => sessions.find(id) !== undefined)).toBe(true);
});
