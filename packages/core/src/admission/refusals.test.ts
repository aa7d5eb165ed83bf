import { expect, test } from "vitest";
import { type BackendFacts, type Candidate, refusals } from "./refusals.ts";

const memory: BackendFacts = { kind: "memory", format: { writes: 2, reads: [1, 2] }, features: [] };
const candidate: Candidate = {
  guest: { name: "web", settled: true, busyWith: undefined },
  source: { id: "a", name: "alpha", connected: true, backends: [memory] },
  destination: { id: "b", name: "beta", connected: true, backends: [memory] },
  kinds: [{ device: "ram", kind: "memory" }],
};

function codes(over: Partial<Candidate>): string[] {
  return refusals({ ...candidate, ...over }).map(({ code }) => code);
}

test("M13: nothing is said against a migration between two hosts that fit", () => {
  expect(refusals(candidate)).toEqual([]);
});

test("M13: source and destination must be two connected hosts", () => {
  expect(codes({ destination: candidate.source })).toEqual(["same-host"]);
  const source = { ...candidate.source, connected: false };
  const destination = { ...candidate.destination, connected: false };
  expect(codes({ source, destination })).toEqual(["host-offline", "host-offline"]);
});

test("M13: a guest that is being moved, or does not run where it is owned, is refused", () => {
  expect(codes({ guest: { name: "web", settled: false, busyWith: "m1" } })).toEqual(["guest-busy"]);
  expect(codes({ guest: { name: "web", settled: false, busyWith: undefined } })).toEqual(["guest-not-settled"]);
});

test("M13: the destination must have the back end, read the format that is written and offer every feature", () => {
  const destinationWith = (...backends: BackendFacts[]) => ({ destination: { ...candidate.destination, backends } });
  expect(codes(destinationWith())).toEqual(["missing-back-end"]);
  const [refusal] = refusals({ ...candidate, ...destinationWith({ ...memory, format: { writes: 1, reads: [1] } }) });
  expect(refusal).toMatchObject({
    code: "incompatible-format",
    detail: "ram is written in format 2 of memory; beta reads 1.",
  });
  const source = { ...candidate.source, backends: [{ ...memory, features: ["avx512", "tsc"] }] };
  expect(codes({ source })).toEqual(["missing-feature", "missing-feature"]);
});

test("M13: why the destination does not have the back end is told where it knows", () => {
  const absent = [{ kind: "memory", reason: "its program is older than 8.2" }];
  const [refusal] = refusals({ ...candidate, destination: { ...candidate.destination, backends: [], absent } });
  expect(refusal?.detail).toBe("beta has no back end for ram (memory): its program is older than 8.2.");
});

test("M13: every objection is told, not just the first one", () => {
  const destination = { id: "b", name: "beta", connected: false, backends: [] };
  expect(codes({ destination, guest: { name: "web", settled: true, busyWith: "m1" } })).toEqual([
    "host-offline",
    "guest-busy",
    "missing-back-end",
  ]);
});
