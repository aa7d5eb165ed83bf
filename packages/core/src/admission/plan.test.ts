import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Decision, type Snapshot, plan } from "./plan.ts";

function host(id: string, outgoing: number, incoming: number, connected = true): Snapshot["hosts"][number] {
  return { id, name: `host-${id}`, connected, paused: false, cordoned: false, slots: { outgoing, incoming } };
}

function move(id: string, sourceId: string, destinationId: string): Snapshot["queued"][number] {
  return { id, sourceId, destinationId };
}

function kinds(decisions: Decision[]): string {
  return decisions.map((each) => `${each.migrationId} ${each.kind}`).join(", ");
}

const hostIds = ["a", "b", "c", "d"];
const between = fc
  .tuple(fc.constantFrom(...hostIds), fc.constantFrom(...hostIds))
  .filter(([source, destination]) => source !== destination);

const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    slots: fc.array(fc.record({ outgoing: fc.integer({ min: 1, max: 3 }), incoming: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 4,
      maxLength: 4,
    }),
    offline: fc.subarray(hostIds),
    running: fc.array(between, { maxLength: 6 }),
    queued: fc.array(between, { maxLength: 12 }),
  })
  .map(({ slots, offline, running, queued }) => ({
    hosts: hostIds.map((id, index) => ({
      ...host(id, 1, 1, !offline.includes(id)),
      slots: slots[index] ?? { outgoing: 1, incoming: 1 },
    })),
    running: running.map(([source, destination], index) => move(`r${index}`, source, destination)),
    queued: queued.map(([source, destination], index) => move(`q${index}`, source, destination)),
  }));

test("S1: migrations are admitted in the order in which they were asked for", () => {
  const hosts = [host("a", 2, 2), host("b", 2, 2)];
  const queued = [move("1", "a", "b"), move("2", "a", "b"), move("3", "a", "b")];
  expect(kinds(plan({ hosts, running: [], queued }))).toBe("1 admit, 2 admit, 3 wait");
});

test("S1: no more are admitted than the slots of both hosts allow, counting those that run", () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const admitted = new Set(plan(snapshot).flatMap((each) => (each.kind === "admit" ? [each.migrationId] : [])));
      const more = snapshot.queued.filter(({ id }) => admitted.has(id));
      // Slots may have been lowered under those that run; then nothing comes on top of them.
      const over = snapshot.hosts.filter(({ id, slots }) => {
        const leave = count(more, (each) => each.sourceId === id);
        const come = count(more, (each) => each.destinationId === id);
        const leaving = leave + count(snapshot.running, (each) => each.sourceId === id);
        const coming = come + count(snapshot.running, (each) => each.destinationId === id);
        return (leave > 0 && leaving > slots.outgoing) || (come > 0 && coming > slots.incoming);
      });
      expect(over).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test("S2: one that waits holds up only those that want the slot it waits for", () => {
  const hosts = [host("a", 2, 2), host("b", 1, 1), host("c", 1, 1)];
  const queued = [move("1", "a", "b"), move("2", "c", "b"), move("3", "a", "c")];
  expect(kinds(plan({ hosts, running: [], queued }))).toBe("1 admit, 2 wait, 3 admit");
});

test("S2: what is decided for one rests on what runs and on those before it in the queue, never on those behind it", () => {
  fc.assert(
    fc.property(snapshots, fc.nat(12), (snapshot, count) => {
      const front = { ...snapshot, queued: snapshot.queued.slice(0, count) };
      expect(plan(front)).toEqual(plan(snapshot).slice(0, count));
    }),
    { numRuns: 500 },
  );
});

test("S3: every wait says in a sentence what it is for, with the figures", () => {
  const hosts = [host("a", 1, 1), host("b", 1, 2), host("c", 1, 1, false)];
  const running = [move("r1", "c", "b"), move("r2", "c", "b")];
  const queued = [move("1", "a", "b"), move("2", "a", "c"), move("3", "a", "nowhere")];
  expect(plan({ hosts, running, queued }).map((each) => each.kind === "wait" && each.waitsFor)).toEqual([
    {
      code: "SLOTS_TAKEN",
      sentence: "It waits for a slot: 2 of 2 incoming slots on host-b are taken.",
      inputs: { host: "host-b", direction: "incoming", used: 2, slots: 2 },
    },
    { code: "HOST_OFFLINE", sentence: "It waits for the agent of host-c to connect.", inputs: { host: "host-c" } },
    { code: "HOST_OFFLINE", sentence: "It waits for the agent of a host to connect.", inputs: { host: "a host" } },
  ]);
});

test("S13: nothing starts to a host that is cordoned; what leaves it does", () => {
  const hosts = [{ ...host("a", 2, 2), cordoned: true }, host("b", 2, 2)];
  const queued = [move("1", "b", "a"), move("2", "a", "b")];
  const [first, second] = plan({ hosts, running: [], queued });
  const sentence = "It waits for host-a, which is cordoned: nothing is started to it.";
  expect(first).toMatchObject({ kind: "wait", waitsFor: { code: "HOST_CORDONED", sentence } });
  expect(second).toMatchObject({ kind: "admit" });
});

test("E8: what a drain brings back starts to a host that is cordoned", () => {
  const hosts = [{ ...host("a", 2, 2), cordoned: true }, host("b", 2, 2)];
  expect(kinds(plan({ hosts, running: [], queued: [{ ...move("1", "b", "a"), returns: true }] }))).toBe("1 admit");
});

test("S13: nothing starts to a host that is paused, nor from it", () => {
  const hosts = [{ ...host("a", 2, 2), paused: true }, host("b", 2, 2)];
  const decisions = plan({ hosts, running: [], queued: [move("1", "b", "a"), move("2", "a", "b")] });
  const waitsFor = { code: "HOST_PAUSED", inputs: { host: "host-a" } };
  expect(decisions).toMatchObject([{ waitsFor }, { waitsFor }]);
});

test("S3: every queued migration gets a decision, and the same snapshot the same ones", () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const decisions = plan(snapshot);
      expect(decisions.map((each) => each.migrationId)).toEqual(snapshot.queued.map(({ id }) => id));
      expect(plan(structuredCopy(snapshot))).toEqual(decisions);
    }),
  );
});

function structuredCopy(snapshot: Snapshot): Snapshot {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written a moment ago is read back
  return JSON.parse(JSON.stringify(snapshot)) as Snapshot;
}

function count<Item>(items: Item[], holds: (item: Item) => boolean): number {
  return items.filter(holds).length;
}
