import { connect } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { foldJournal, type JournalEntry, type Parts } from "@godwit/core";
import { expect } from "vitest";
import type { Cluster } from "./cluster.ts";
import { until } from "./until.ts";

const answerLimitMs = 2_000;
const endLimitMs = 60_000;

/** Where a guest is and what there is of it on each host, looked at from outside: API, processes, journals and its own port. */
export interface Picture {
  host: string;
  epoch: number;
  state: string;
  migrating: boolean;
  /** The hosts on which it answers. */
  answersOn: string[];
  /** The hosts that have a process of its devices. */
  processesOn: string[];
  /** What each host's journal says of it. */
  journals: Record<string, string>;
}

export async function pictureOf(cluster: Cluster, guest: { name: string; port: number }): Promise<Picture> {
  const names = [...cluster.hosts.keys()];
  const { id, host, epoch, state, migrationId } = await cluster.client.guests.get(guest.name);
  const answers = await Promise.all(
    names.map((name) => askDevice(`${cluster.host(name).serviceAddress}:${guest.port}`, "INFO")),
  );
  const processes = await Promise.all(names.map((name) => cluster.devicesOn(name)));
  const journals = await Promise.all(names.map((name) => partsOn(cluster, name)));
  return {
    host,
    epoch,
    state,
    migrating: migrationId !== undefined,
    answersOn: names.filter((_, index) => answers[index] !== undefined),
    processesOn: names.filter((_, index) => processes[index]?.some((command) => command.includes(id)) === true),
    journals: Object.fromEntries(
      names.flatMap((name, index) => {
        const part = journals[index]?.get(id)?.part;
        return part === undefined ? [] : [[name, `${part.as} at ${part.epoch}`]];
      }),
    ),
  };
}

/** The picture of a guest that runs on one host, of which no other has anything. */
export function settledOn(host: string, epoch: number): Picture {
  return {
    host,
    epoch,
    state: "running",
    migrating: false,
    answersOn: [host],
    processesOn: [host],
    journals: { [host]: `owner at ${epoch}` },
  };
}

/** One host owns, runs and answers; the other has nothing of the guest left. */
export async function untilSettled(
  cluster: Cluster,
  guest: { name: string; port: number },
  host: string,
): Promise<void> {
  await until(`all is settled on ${host}`, async () => {
    const picture = await pictureOf(cluster, guest);
    expect(picture).toEqual(settledOn(host, picture.epoch));
    return true;
  });
}

/** The migration, once it has ended. An orchestrator that is away is asked again. */
export async function untilEnded(client: Pick<Client, "migrations">, id: string): Promise<Migration> {
  return await until(
    "the migration has ended",
    async () => {
      const migration = await client.migrations.get(id);
      return migration.endedAt === undefined ? undefined : migration;
    },
    endLimitMs,
  );
}

/** What a host's journal comes to; the lines' digests are the agent's to check. */
export async function partsOn(cluster: Cluster, host: string): Promise<Parts> {
  const text = await readFile(join(cluster.host(host).folder, "journal"), "utf8");
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line): JournalEntry => JSON.parse(line.slice(17))).reduce<Parts>(foldJournal, new Map());
}

/** A line of the `memory` back end's protocol; `undefined` where nobody answers. */
export async function askDevice(endpoint: string, line: string): Promise<string | undefined> {
  const at = endpoint.lastIndexOf(":");
  const socket = connect({ host: endpoint.slice(0, at), port: Number(endpoint.slice(at + 1)) });
  socket.setTimeout(answerLimitMs, () => socket.destroy());
  return await new Promise((resolve) => {
    let answer = "";
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      if (!answer.includes("\n")) return;
      resolve(answer.slice(0, answer.indexOf("\n")));
      socket.destroy();
    });
    socket.write(`${line}\n`);
  });
}
