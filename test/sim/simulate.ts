import { isEnded, type Migration } from "@godwit/core";
import { stateOf } from "../../apps/orchestrator/src/runs/runs.ts";
import { viewOf } from "../../apps/orchestrator/src/runs/view.ts";
import { guestId, hostIdOf } from "./guest.ts";
import { Operator } from "./operator.ts";
import { partsOf, World } from "./world.ts";

const faultsMs = 60_000;
const calmMs = 400_000;
const looksEverySteps = 50;

export interface Simulated {
  seed: number;
  /** How each migration of the run ended: "phase CODE". */
  endings: string[];
  objections: string[];
  steps: number;
  trace: string[];
}

/** One seed: faults for a while, then calm until everything is settled, or should have been. */
export async function simulate(seed: number, isTold = false): Promise<Simulated> {
  const world = new World(seed, isTold);
  const operator = new Operator(world);
  let steps = 0;
  const goOn = async (untilMs: number, isOver: () => boolean) => {
    while (world.time.nowMs < untilMs && world.objections.length + world.witness.objections.length === 0) {
      if (!world.time.step()) break;
      await settled();
      steps += 1;
      if (steps % looksEverySteps === 0 && isOver()) break;
    }
  };
  try {
    await goOn(faultsMs, () => operator.isDone && unsettled(world).length === 0);
    world.calmDown();
    operator.rest();
    await goOn(world.time.nowMs + calmMs, () => unsettled(world).length === 0);
  } catch (error) {
    world.object(String(error));
  }
  const objections = [...world.objections, ...world.witness.objections];
  if (objections.length === 0) objections.push(...unsettled(world));
  return { seed, endings: endingsOf(world), objections, steps, trace: world.trace };
}

/** Resolves when everything that goes on without waiting for time has gone as far as it can: a tick comes after all promises. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
}

/** What is not yet as it must be in the end. */
function unsettled(world: World): string[] {
  const { server, store, witness, hosts } = world;
  if (server?.isReady !== true) return ["the server does not run"];
  const objections: string[] = [];
  for (const host of hosts) {
    if (!host.isGone && !server.agents.has(hostIdOf(host.name))) objections.push(`${host.name} is not connected`);
  }
  objections.push(...store.refusals.map((refusal) => `nobody lies here, and yet: ${refusal}`));
  const open = store.active().map((record) => server.runs.get(record.id)?.state ?? stateOf(record));
  const unknown = open.filter((state) => isUnknownForGood(world, state));
  for (const state of open) {
    if (!unknown.includes(state) && !waitsForGood(world, state))
      objections.push(`${state.facts.id} is in ${state.phase}`);
  }
  for (const run of server.runs.all()) {
    if (!isEnded(run.state)) continue;
    const owed = run.state.owes.filter((role) => !world.hostById(run.hostOf(role)).isGone);
    if (owed.length > 0) objections.push(`${run.id} owes ${owed.join(", ")}`);
  }
  if (unknown.length > 0) return objections;
  // Of a lost guest every copy that may be of use is kept.
  const isLost = store.guests.get(guestId)?.state === "lost";
  for (const host of isLost ? [] : hosts) {
    const attempts = host.agent?.agent?.hello(0).attempts ?? [];
    if (attempts.length > 0) objections.push(`${host.name} has a part in ${JSON.stringify(attempts)}`);
  }
  const guest = store.guests.get(guestId);
  if (guest === undefined) return world.host("alpha").isGone ? objections : [...objections, "the guest is not known"];
  if (guest.state === "lost") return [...objections, ...unlessLost(world)];
  const owner = world.hostById(guest.hostId);
  const part = partsOf(owner).get(guestId)?.part;
  if (part?.as !== "owner" || part.epoch !== guest.epoch)
    objections.push(`${owner.name} is said to own it at ${guest.epoch}, its journal says ${JSON.stringify(part)}`);
  const runners = witness.runners();
  const expected = owner.isGone || witness.isLost ? [] : [owner.name];
  if (runners.join() !== expected.join())
    objections.push(`it runs on [${runners.join()}], not on [${expected.join()}]`);
  if (expected.length > 0 && store.hosts.get(owner.name)?.fenced !== undefined)
    objections.push(`${owner.name} is back and still counts as fenced`);
  if (expected.length > 0 && guest.state !== "running") objections.push(`the store says it is ${guest.state}`);
  for (const host of hosts) {
    if (host === owner || host.isGone) continue;
    const others = partsOf(host).get(guestId);
    if (others !== undefined) objections.push(`${host.name} still is ${JSON.stringify(others.part)}`);
    if (witness.holders().includes(host.name)) objections.push(`${host.name} still holds devices`);
  }
  return objections;
}

/** H8: it is said to be lost. Then nobody runs it, and no host that has lived all along has a whole copy of it. */
function unlessLost(world: World): string[] {
  const { witness, hosts, guest } = world;
  const runners = witness.runners();
  const objections = runners.length > 0 ? [`it runs on [${runners.join()}], and is said to be lost`] : [];
  const whole = hosts.filter(
    (host) => !host.wasGone && guest.devices.every((name) => witness.isNewest(host.name, name)),
  );
  return [...objections, ...whole.map(({ name }) => `it is said to be lost, and ${name} has a whole copy`)];
}

/** M1: it waits for a host that will not connect any more, and says so. */
function waitsForGood(world: World, state: Migration): boolean {
  return state.phase === "queued" && state.waitsFor !== undefined && hasLostHost(world, state);
}

function hasLostHost(world: World, { facts }: Migration): boolean {
  return world.host(facts.source.name).isGone || world.host(facts.destination.name).isGone;
}

/** H8: where whoever owns the guest cannot run it and will not come back, it stays unknown, and must be said to be so. */
function isUnknownForGood(world: World, state: Migration): boolean {
  const { server, hosts, witness, guest } = world;
  if (state.phase !== "switchover" || server === undefined) return false;
  const isOwnerDead = hosts.some(
    (host) =>
      partsOf(host).get(guestId)?.part.as === "owner" &&
      guest.devices.some((name) => witness.stateOf(host.name, name) === "dead"),
  );
  const isUndecided = state.stage === "undecided";
  const isStuck = isUndecided || hasLostHost(world, state) || witness.isLost || isOwnerDead;
  return isStuck && viewOf(state, server.clock.now()).phase === "unknown";
}

function endingsOf(world: World): string[] {
  return [...world.store.migrations.values()].map((record) => {
    const run = record.endedAt === undefined ? world.server?.runs.get(record.id) : undefined;
    const state = run?.state ?? stateOf(record);
    if (isEnded(state)) return `${state.phase} ${state.reason.code}`;
    if (waitsForGood(world, state)) return "waits for a lost host";
    return isUnknownForGood(world, state) ? "unknown" : `open in ${state.phase}`;
  });
}
