import { setImmediate as turn } from "node:timers/promises";
import { builtInPolicies } from "@godwit/contract";
import { type Migration, queued } from "@godwit/core";
import type { HostRecord, NewEvent, Store } from "@godwit/store";
import { pino } from "pino";
import { expect, test } from "vitest";
import { ConnectedAgents } from "../agents/connected.ts";
import { Bus } from "../bus.ts";
import type { FencingCommand } from "../config.ts";
import { InTurn } from "../in-turn.ts";
import type { Run } from "../runs/run.ts";
import type { Runs } from "../runs/runs.ts";
import { Fencing } from "./fencing.ts";

const alpha = { id: "id-of-alpha", name: "alpha" };
const beta = { id: "id-of-beta", name: "beta" };
const dead = [process.execPath, "-e", ""];
const alive = [process.execPath, "-e", "process.exitCode = 1"];

/** All that fencing touches, in memory, with a clock that a test moves on. */
function world(command?: Partial<FencingCommand>) {
  const hosts = new Map<string, HostRecord>(
    [alpha, beta].map((host) => [host.id, { ...host, facts: {}, lastSeenAt: new Date(0), createdAt: new Date(0) }]),
  );
  const done: string[] = [];
  const events: NewEvent[] = [];
  const states: Migration[] = [];
  let now = 0;
  let task: (() => void) | undefined;
  const store = {
    hosts: {
      find: async (nameOrId: string) => [...hosts.values()].find(({ id, name }) => [id, name].includes(nameOrId)),
      list: async () => ({ items: [...hosts.values()] }),
      fence: async ({ id, ...fenced }: { id: string } & NonNullable<HostRecord["fenced"]>, told: NewEvent[]) => {
        hosts.set(id, { ...hosts.get(id)!, fenced });
        events.push(...told);
        done.push(`stored ${id}`);
      },
    },
    guests: {
      loseAllOn: async (id: string) => {
        done.push(`lost on ${id}`);
        return [];
      },
    },
    events: { add: async (told: NewEvent[]) => void events.push(...told) },
  };
  const runs = {
    all: () => states.map((state) => ({ state })),
    fence: async (id: string): Promise<Run[]> => {
      done.push(`told of ${id}`);
      return [];
    },
  };
  const saves = { fence: async () => undefined };
  const commands: Record<string, FencingCommand> =
    command === undefined ? {} : { alpha: { command: dead, timeoutMs: 20_000, acceptOlderCopy: false, ...command } };
  const [agents, bus] = [new ConnectedAgents(), new Bus()];
  const fencing = new Fencing({
    // Nothing but these parts is asked for.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    store: store as unknown as Store,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    runs: runs as unknown as Runs,
    agents,
    bus,
    saves,
    commands,
    log: pino({ level: "silent" }),
    turns: new InTurn(),
    clock: {
      now: () => now,
      after: (_, next) => {
        task = next;
        return () => (task = undefined);
      },
    },
    bye: async () => undefined,
  });
  /** The next look, at that time; then whatever command it began has ended. */
  const lookAt = async (ms: number) => {
    now = ms;
    task?.();
  };
  return { fencing, hosts, done, events, states, bus, lookAt };
}

/** A switchover of which neither side has said a word since it began. */
function silentSwitchover(since: number): Migration {
  const facts = {
    id: "a migration",
    guest: { id: "id-of-web", name: "web" },
    source: alpha,
    destination: beta,
    devices: [],
    epoch: 1,
    ticket: "",
    createdAt: 0,
  };
  const state = {
    ...queued(facts, builtInPolicies.balanced),
    phase: "switchover",
    stage: "freezing",
    since,
    heard: {},
  };
  // As much of a switchover as is looked at here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return state as unknown as Migration;
}

const wanted = { by: "ann", reason: "no power", acceptOlderCopy: false, runCommand: false, yesItIsDead: false };

test("D14: a fence is stored before anybody hears of it, and guests are lost last", async () => {
  const { fencing, done } = world();
  await fencing.fence("alpha", wanted);
  expect(done).toEqual([`stored ${alpha.id}`, `told of ${alpha.id}`, `lost on ${alpha.id}`]);
});

test("D14: what a fence leaves is done again after a restart, and whenever a migration has ended, until the host is back", async () => {
  const { fencing, hosts, done, bus } = world();
  const fenced = { at: new Date(0), by: "ann", reason: "no power", acceptOlderCopy: false };
  hosts.set(alpha.id, { ...hosts.get(alpha.id)!, fenced });
  await fencing.start();
  expect(done).toEqual([`lost on ${alpha.id}`]);
  bus.tell("schedule");
  await turn();
  expect(done).toHaveLength(2);
  hosts.set(alpha.id, { ...hosts.get(alpha.id)!, fenced: undefined });
  for (let times = 0; times < 3; times += 1) {
    bus.tell("schedule");
    await turn();
  }
  expect(done).toHaveLength(2);
  await fencing[Symbol.asyncDispose]();
});

test("a command runs unasked only when its host is away and the switchover has been unknown for so long", async () => {
  const { fencing, states, events, lookAt } = world({ afterMs: 30_000, acceptOlderCopy: true });
  await fencing.start();
  states.push(silentSwitchover(0));
  await lookAt(1_000);
  // Unknown since 10 s, and away since it was first looked for.
  await lookAt(39_000);
  expect(events).toEqual([]);
  await lookAt(40_000);
  await until(() => events.length > 0);
  expect(events).toMatchObject([{ type: "host.fenced", data: { by: "fencing command", acceptOlderCopy: true } }]);
  await lookAt(200_000);
  await fencing[Symbol.asyncDispose]();
  expect(events).toHaveLength(1);
});

test("a command that does not say dead is run again only after a pause, and never for a host without afterMs", async () => {
  const { fencing, states, events, lookAt } = world({ command: alive, afterMs: 30_000 });
  await fencing.start();
  states.push(silentSwitchover(0));
  await lookAt(0);
  await lookAt(40_000);
  await lookAt(41_000);
  await until(() => events.length === 1);
  await lookAt(69_000);
  await lookAt(71_000);
  await until(() => events.length === 2);
  const refused = { type: "host.fence-refused", hostId: alpha.id, data: { code: "fencing-failed" } };
  expect(events).toMatchObject([refused, refused]);
  await fencing[Symbol.asyncDispose]();

  const unasked = world({ command: dead });
  await unasked.fencing.start();
  unasked.states.push(silentSwitchover(0));
  await unasked.lookAt(1_000);
  await unasked.lookAt(1_000_000);
  await unasked.fencing[Symbol.asyncDispose]();
  expect(unasked.events).toEqual([]);
});

async function until(seen: () => boolean): Promise<void> {
  while (!seen()) await turn();
}
