import { rm } from "node:fs/promises";
import type { Guest, Migration } from "@godwit/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { struck } from "../e2e/support/mortal.ts";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { Hazards, type HostName, hosts, type Part } from "./support/hazards.ts";

const qemu = need("qemu");
/** Of a link on which the rest of a guest takes seconds. */
const slowBytesPerSec = 6_000_000;
const parts: readonly Part[] = ["QEMU", "virtiofsd", "agent"];

let hazards: Hazards;

beforeAll(async () => {
  if (qemu.path !== undefined) hazards = await Hazards.start();
}, 300_000);

afterAll(async () => await hazards?.[Symbol.asyncDispose](), 120_000);

interface Stage {
  name: string;
  /** Brings a migration there and kills; resolves with the migration's id. */
  strike: (guest: Guest, host: HostName, part: Part) => Promise<string>;
}

/** At the last moment of the preparation of that host. */
async function inPreflight(guest: Guest, host: HostName, part: Part): Promise<string> {
  const edge = host === "alpha" ? "says sourcePrepared" : "says destinationPrepared";
  const { commands, killed } = hazards.deathOf(guest, host, part);
  await hazards.order(host, edge, commands, killed);
  const id = await hazards.begin(guest);
  await struck(hazards.machines.cluster, host);
  return id;
}

async function inPrecopy(guest: Guest, host: HostName, part: Part): Promise<string> {
  const id = await hazards.begin(guest, { bandwidthBytesPerSec: 4_000_000 });
  await hazards.isSending(id);
  await hazards.kill(guest, host, part);
  return id;
}

/** The guest stands still on its source, which sends the rest. */
async function beforeTheGrant(guest: Guest, host: HostName, part: Part): Promise<string> {
  hazards.link.bytesPerSec = slowBytesPerSec;
  const id = await hazards.begin(guest);
  await hazards.isSending(id);
  const { commands, killed } = hazards.deathOf(guest, host, part);
  await hazards.order("alpha", "says frozen", commands, killed);
  await hazards.machines.cluster.client.migrations.switchover(id, "now");
  await struck(hazards.machines.cluster, "alpha");
  return id;
}

/** The destination has it in writing, and has not started it. */
async function afterTheGrant(guest: Guest, host: HostName, part: Part): Promise<string> {
  const id = await hazards.begin(guest, { bandwidthBytesPerSec: 16_000_000 });
  await hazards.isSending(id);
  const { commands, killed } = hazards.deathOf(guest, host, part);
  await hazards.order("beta", "synced granted", commands, killed);
  await hazards.machines.cluster.client.migrations.switchover(id, "now");
  await struck(hazards.machines.cluster, "beta");
  return id;
}

const stages: Stage[] = [
  { name: "in preflight", strike: inPreflight },
  { name: "in precopy", strike: inPrecopy },
  { name: "before the grant", strike: beforeTheGrant },
  { name: "after the grant", strike: afterTheGrant },
];

/** Where it runs at the end; nowhere, where all that there was of it was killed. An agent that was prepared is prepared again. */
function expectedOn({ phase }: Migration, stage: Stage, host: HostName, part: Part): HostName | undefined {
  const isGranted = stage.strike === afterTheGrant;
  if (part === "agent") return isGranted || (stage.strike === inPreflight && phase === "completed") ? "beta" : "alpha";
  if (host === "alpha") return isGranted ? "beta" : undefined;
  return "alpha";
}

function expectReason({ phase, reason }: Migration, guest: Guest, host: HostName, part: Part): void {
  const sentence = reason?.sentence ?? "";
  const cause = part === "QEMU" ? /QEMU for|has no QEMU/ : /virtiofsd for|share/;
  const named = part === "agent" || phase === "completed" ? [] : [cause, new RegExp(host)];
  const where = phase === "failed" ? [/goes on serving on alpha|is back on alpha|nothing had moved/] : [];
  const whole = phase === "lost" ? [/^(?!.*goes on serving)/s] : [];
  for (const wanted of [...named, ...where, ...whole]) expect(sentence).toMatch(wanted);
  expect(phase === "lost").toBe(sentence.startsWith(`${guest.name} is lost`));
}

/** A guest that was killed says nothing any more. */
const unharmed = { gaps: [] as unknown[], last: { errors: 0, bad: 0 } };

const cells = stages.flatMap((stage) => hosts.flatMap((host) => parts.map((part) => ({ stage, host, part }))));

describe("a part that is killed", () => {
  test.for(cells.map((cell) => ({ ...cell, when: cell.stage.name })))(
    "M17, M18, Q6: $part of $host $when: the guest runs on one side or is said to be lost, and the reason says what has ended",
    { timeout: 200_000 },
    async ({ stage, host, part }, context) => {
      if (qemu.path === undefined) return context.skip(qemu.missing);
      const { machines, link } = hazards;
      const guest = await machines.create(
        `g${cells.findIndex((cell) => cell.stage === stage && cell.host === host && cell.part === part)}`,
      );
      using heartbeats = await machines.heartbeats(guest, "alpha");
      await heartbeats.console.more(2);
      // Something to send while it stands still.
      if (stage.strike === beforeTheGrant) await heartbeats.console.tell("mib 64");
      const id = await stage.strike(guest, host, part);
      link.bytesPerSec = undefined;
      if (part === "agent") await hazards.revive(host);
      const ended = await hazards.ended(id);
      console.log(`${part} of ${host} ${stage.name}: ${ended.phase}: ${ended.reason?.sentence}`);
      const on = expectedOn(ended, stage, host, part);
      expect(ended.phase).toBe(on === "beta" ? "completed" : on === "alpha" ? "failed" : "lost");
      expectReason(ended, guest, host, part);
      await hazards.settles(guest, on);
      if (on === "beta") await heartbeats.moved(machines.folderOf(guest, "beta"));
      const { gaps, last } = on === undefined ? unharmed : await heartbeats.summary();
      expect([gaps, last.errors, last.bad]).toEqual([[], 0, 0]);
      await machines.cluster.client.guests.remove(guest.id);
      await until("nothing of it is left", async () => {
        const left = await Promise.all(hosts.map((each) => machines.cluster.devicesOn(each)));
        return left.flat().every((command) => !command.includes(guest.id));
      });
    },
  );
});

describe("what the destination lacks once the migration has begun", () => {
  test("Q8: the folder of a share that has gone is named, and nothing is started there", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const { machines } = hazards;
    const share = await machines.guests.share("vanishing");
    const guest = await machines.create("vanishing-guest", "alpha", { share });
    await hazards.order("beta", "hears prepareDestination", [["mv", share, `${share}.gone`]]);
    const ended = await hazards.ended(await hazards.begin(guest));
    expect(ended).toMatchObject({ phase: "aborted", reason: { code: "missing-file" } });
    expect(ended.reason?.sentence).toContain(share);
    await hazards.settles(guest, "alpha");
    await rm(`${share}.gone`, { recursive: true });
    await machines.cluster.client.guests.remove(guest.id);
  });

  test("Q8: memory that its QEMU does not get is named, and the guest runs on", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const guest = await hazards.machines.create("large");
    await hazards.pretend("beta", { mapLimitKib: 1_300_000 });
    const ended = await hazards.ended(await hazards.begin(guest));
    await hazards.pretend("beta", {});
    expect(ended).toMatchObject({ phase: "aborted", reason: { code: "no-room" } });
    await hazards.settles(guest, "alpha");
    await hazards.machines.cluster.client.guests.remove(guest.id);
  });
});
