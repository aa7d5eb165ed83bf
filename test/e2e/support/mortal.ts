import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadHandle, startLoad } from "@godwit/agent/load";
import { FenceResult, type Migration } from "@godwit/contract";
import { expect } from "vitest";
import { give, strikeVariable } from "../../faults/support/order.ts";
import type { Cluster, LaunchOf } from "./cluster.ts";
import { memoryGuest, type MemoryGuest } from "./guests.ts";
import { processesOf } from "./processes.ts";
import { pictureOf, settledOn } from "./settled.ts";
import { until } from "./until.ts";

const strike = new URL("../../faults/support/strike.ts", import.meta.url).href;
const keys = 2_000;

/** Every program is started so that it can be struck at one of its edges. */
export const mortal: LaunchOf = (program, folder) => ({
  nodeArguments: ["--import", strike],
  environment: { [strikeVariable]: orderFileOf(folder, program) },
});

/** The host is to die at that edge of its agent's: its devices first, since the agent's own blow is the end of its say. */
export async function orderDeath(
  cluster: Cluster,
  host: string,
  edge: string,
  { devices = true }: { devices?: boolean } = {},
): Promise<void> {
  const agent = cluster.pid(host);
  const others = (await processesOf(cluster.host(host).folder)).map(({ pid }) => pid).filter((pid) => pid !== agent);
  const signals = [...(devices ? others : []), agent].map((pid) => ({ pid, signal: "SIGKILL" as const }));
  await give(orderFileOf(cluster.folder, host), { edge, commands: [], signals });
}

/** The agent is to stop at that edge, until it is told to go on. */
export async function orderPause(cluster: Cluster, host: string, edge: string): Promise<void> {
  const signals = [{ pid: cluster.pid(host), signal: "SIGSTOP" as const }];
  await give(orderFileOf(cluster.folder, host), { edge, commands: [], signals });
}

export async function struck(cluster: Cluster, host: string): Promise<void> {
  const file = `${orderFileOf(cluster.folder, host)}.struck`;
  await until(`${host} is struck`, () => existsSync(file), 60_000);
  await rm(file);
}

/** Of all that ran on the host nothing runs any more. */
export async function die(cluster: Cluster, host: string): Promise<void> {
  const { folder } = cluster.host(host);
  await cluster.kill(host);
  for (const { pid } of await processesOf(folder)) process.kill(pid, "SIGKILL");
  await until(`nothing runs on ${host}`, async () => (await processesOf(folder)).length === 0);
}

export async function dieSeen(cluster: Cluster, host: string): Promise<void> {
  await die(cluster, host);
  await seenAway(cluster, host);
}

export async function seenAway(cluster: Cluster, host: string): Promise<void> {
  const stateOf = async () => (await cluster.client.hosts.get(host)).state;
  await until(`${host} is seen to be away`, async () => (await stateOf()) === "disconnected");
}

/** The agent, started next, is to find that the machine was started since its last run. */
export async function startMachineAnew(cluster: Cluster, host: string): Promise<void> {
  await writeFile(join(cluster.host(host).folder, "machine-start"), "00000000-0000-4000-8000-000000000000\n");
}

export async function back(cluster: Cluster, host: string): Promise<void> {
  await cluster.restart(host);
  await cluster.connected([host]);
}

export async function fence(
  cluster: Cluster,
  host: string,
  more: { acceptOlderCopy?: boolean } = {},
): Promise<FenceResult> {
  const { status, body } = await cluster.ask("POST", `/v1/hosts/${host}/fence`, {
    body: { reason: "the rack burns", ...more },
  });
  expect(status).toBe(200);
  return FenceResult.parse(body);
}

/** A guest on alpha that is written to all the time. */
export interface Written extends AsyncDisposable {
  guest: MemoryGuest;
  load: LoadHandle;
}

export async function writtenGuest(cluster: Cluster, name: string): Promise<Written> {
  const guest = await memoryGuest(cluster, { name });
  const load = startLoad({ endpoints: guest.endpoints, keys, writesPerSecond: 200 });
  await load.fill();
  return { guest, load, [Symbol.asyncDispose]: async () => await load[Symbol.asyncDispose]() };
}

/** It alone serves, with all that was ever acknowledged; `others` is what the journals of other hosts say all the same. */
export async function serves(
  cluster: Cluster,
  { guest, load }: Written,
  host: string,
  epoch: number,
  others: Record<string, string> = {},
): Promise<void> {
  const picture = settledOn(host, epoch);
  const expected = { ...picture, journals: { ...picture.journals, ...others } };
  await until(`${guest.name} serves on ${host}`, async () => {
    expect(await pictureOf(cluster, guest)).toEqual(expected);
    return true;
  });
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
}

/** It counts as lost and cannot be moved; its record can be removed. */
export async function expectLost(cluster: Cluster, { name }: MemoryGuest): Promise<void> {
  expect(await cluster.client.guests.get(name)).toMatchObject({ state: "lost", host: "alpha" });
  const move = { body: { guest: name, destination: "beta" } };
  const refused = { status: 409, body: { code: "guest-not-settled" } };
  expect(await cluster.ask("POST", "/v1/migrations", move)).toMatchObject(refused);
  expect((await cluster.ask("DELETE", `/v1/guests/${name}`)).status).toBe(204);
  expect((await cluster.ask("GET", `/v1/guests/${name}`)).status).toBe(404);
}

export async function migrationWhen(
  cluster: Cluster,
  id: string,
  what: string,
  is: (migration: Migration) => boolean,
): Promise<Migration> {
  return await until(`the migration ${what}`, async () => {
    const migration = await cluster.client.migrations.get(id);
    return is(migration) && migration;
  });
}

export function orderFileOf(folder: string, program: string): string {
  return join(folder, `${program}.order`);
}
