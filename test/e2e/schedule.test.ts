import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startLoad } from "@godwit/agent/load";
import type { Ledger, Migration } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";
import { busiestSpan, type Flow, flowsOf, weighVariable } from "./support/weights.ts";

const weigh = new URL("./support/weigh.ts", import.meta.url).href;
const hosts = ["alpha", "beta", "gamma", "delta"];
const guestsEach = 10;
/** In each direction; so little that whoever took too much of it would be seen to. */
const linkBytesPerSec = 2_000_000;
const filledBytes = 1.25 * MiB;
/** 5 % over any second. */
const mostOver = 1.05;
const limits = { downtimeLimitMs: 3_000, deadlineMs: 180_000 };
const ledgerEveryMs = 50;
/** What one leaves goes to the others within so long. */
const givenBackMs = 1_000;
/** As good as all of a link. */
const wholeLink = 0.98;

let cluster: Cluster;
let guests: MemoryGuest[];

beforeAll(async () => {
  const options = hosts.map((name, index) => ({
    name,
    serviceAddress: `127.0.0.${index + 1}`,
    linkBytesPerSec,
    slots: 3,
  }));
  cluster = await Cluster.start(options, (program, folder) =>
    program === "server"
      ? {}
      : { nodeArguments: ["--import", weigh], environment: { [weighVariable]: weightsOf(program, folder) } },
  );
  guests = [];
  for (const host of hosts)
    for (let index = 0; index < guestsEach; index += 1)
      guests.push(await memoryGuest(cluster, { name: `${host}-${index}`, host, sizeBytes: 2 * MiB }));
  for (const guest of guests) await filled(guest);
}, 300_000);

afterAll(async () => await cluster?.[Symbol.asyncDispose](), 120_000);

function weightsOf(host: string, folder = cluster.folder): string {
  return join(folder, `${host}.weights`);
}

async function filled({ name, endpoints }: MemoryGuest): Promise<void> {
  await using load = startLoad({ endpoints, keys: Math.floor(filledBytes / 256), writesPerSecond: 1 });
  await load.fill();
  await until(`${name} is filled`, () => load.stats().acknowledged >= Math.floor(filledBytes / 256));
}

async function allMigrations(): Promise<Migration[]> {
  return (await cluster.client.migrations.list({ limit: 200 })).items;
}

/** The ledger, looked at again and again until it is called off. */
async function readings(signal: AbortSignal): Promise<Ledger[]> {
  const seen: Ledger[] = [];
  while (!signal.aborted) {
    seen.push(await cluster.client.ledger());
    await setTimeout(ledgerEveryMs, undefined, { signal }).catch(() => undefined);
  }
  return seen;
}

/** Of every migration that sends while the guest runs: how much of the link's budget is given out, where there is more of it. */
function givenOf({ hosts: links }: Ledger): Map<string, number> {
  const given = new Map<string, number>();
  for (const { outgoing, incoming } of links)
    for (const { grantedBytesPerSec, budgetBytesPerSec = Infinity, migrations } of [outgoing, incoming])
      for (const { migrationId, stage } of migrations) {
        if (stage !== "moving") continue;
        given.set(migrationId, Math.max(given.get(migrationId) ?? 0, grantedBytesPerSec / budgetBytesPerSec));
      }
  return given;
}

const ofHost = (flows: readonly Flow[], end: "source" | "destination", host: string) =>
  flows.filter((flow) => flow[end] === host);

/** A second after the last one on its links has ended, whoever is left has all that one of them carries. */
function expectGivenBack(ledgers: Ledger[], migrations: Migration[]): void {
  const byId = new Map(migrations.map((each) => [each.id, each]));
  const ends = (known: Migration | undefined, before: number) =>
    migrations.flatMap(({ source, destination, endedAt = "" }) => {
      const at = Date.parse(endedAt);
      return at <= before && (source === known?.source || destination === known?.destination) ? [at] : [];
    });
  let looked = 0;
  for (const ledger of ledgers) {
    const at = Date.parse(ledger.at);
    for (const [id, given] of givenOf(ledger)) {
      const last = Math.max(...ends(byId.get(id), at));
      if (!Number.isFinite(last) || at - last < givenBackMs) continue;
      looked += 1;
      expect({ id, at: ledger.at, isGiven: given > wholeLink }).toEqual({ id, at: ledger.at, isGiven: true });
    }
  }
  console.log(`${ledgers.length} looks at the ledger, ${looked} of a migration beside which one had ended`);
  expect(looked).toBeGreaterThan(5);
}

test("S7, S14, S16: a host is emptied while the others' guests move among themselves, and no link ever carries more than its budget over any second", async () => {
  const ring = ["beta", "gamma", "delta"];
  const others = ring.flatMap((host, index) => {
    const destination = ring[(index + 1) % ring.length] ?? "";
    return [0, 1, 2].map((number) => ({ guest: `${host}-${number}`, destination, limits }));
  });
  const over = new AbortController();
  const ledgers = readings(over.signal);
  const { id } = await cluster.client.drains.create("alpha", { limits });
  const asked = await Promise.all(others.map((each) => cluster.client.migrations.create(each)));
  const drain = await cluster.client.drains.waitForEnd(id);
  const ended = await Promise.all(asked.map((each) => cluster.client.waitForEnd(each.id)));
  over.abort();

  expect(drain).toMatchObject({ phase: "completed", reason: { code: "EMPTY" }, counts: { moved: guestsEach } });
  expect((await cluster.client.guests.list({ limit: 200, host: "alpha" })).items).toEqual([]);
  expect(ended.map(({ phase, reason }) => `${phase}: ${reason?.code}`)).toEqual(
    ended.map(() => "completed: COMPLETED"),
  );

  expectGivenBack(await ledgers, await allMigrations());

  const flows = await flowsOf(new Map(hosts.map((host) => [host, weightsOf(host)])));
  const sent = (some: readonly Flow[]) => some.reduce((sum, { points }) => sum + (points.at(-1)?.bytes ?? 0), 0);
  // Everything that was moved was weighed.
  expect(sent(ofHost(flows, "source", "alpha"))).toBeGreaterThan(guestsEach * filledBytes);
  expect(sent(flows)).toBeGreaterThan((guestsEach + others.length) * filledBytes);
  const shares = hosts.flatMap((host) =>
    (["source", "destination"] as const).map((end) => {
      const { bytes } = busiestSpan(ofHost(flows, end, host), 1_000);
      return { host, end, ofBudget: bytes / linkBytesPerSec };
    }),
  );
  console.table(shares.map((each) => ({ ...each, ofBudget: `${(100 * each.ofBudget).toFixed(1)} %` })));
  for (const { host, end, ofBudget } of shares) expect([host, end, ofBudget <= mostOver]).toEqual([host, end, true]);
}, 400_000);
