import { appendFile, readFile, writeFile } from "node:fs/promises";
import type { FromAgent } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { lineOf } from "../../apps/agent/src/journal.ts";
import { freePort } from "../support/ports.ts";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { followEvents, type Received } from "./support/events.ts";
import { FalseOrchestrator } from "./support/false-orchestrator.ts";
import { fill, memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { LoneAgent } from "./support/lone-agent.ts";
import { PretendedHost } from "./support/pretended-host.ts";
import { ForgingProxy, frame, sayAt } from "./support/raw-frames.ts";
import { askDevice, pictureOf, settledOn } from "./support/settled.ts";
import { until } from "./support/until.ts";

const Told = z.object({ migrationId: z.string().optional(), data: z.record(z.string(), z.unknown()) });

let cluster: Cluster;
let proxy: ForgingProxy;
let web: MemoryGuest;
let feed: Awaited<ReturnType<typeof followEvents>>;
let ports: Record<"alpha" | "beta", string>;

beforeAll(async () => {
  proxy = await ForgingProxy.start();
  proxy.targetPort = await freePort();
  const [alpha, beta] = alphaAndBeta();
  if (alpha === undefined || beta === undefined) throw new Error("There are two hosts");
  const betaPort = await freePort();
  ports = { alpha: `127.0.0.1:${proxy.targetPort}`, beta: `127.0.0.1:${betaPort}` };
  cluster = await Cluster.start([
    { ...alpha, options: ["--listen", ports.alpha, "--advertise", proxy.endpoint] },
    { ...beta, options: ["--listen", ports.beta] },
  ]);
  web = await memoryGuest(cluster, { name: "web" });
  await fill(web, 2 * MiB);
  feed = await followEvents(cluster);
}, 180_000);
afterAll(async () => {
  await feed[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
}, 60_000);

describe("a false agent, and strangers at the ports of true ones", () => {
  let migrationId: string;
  beforeAll(async () => {
    const limits = { bandwidthBytesPerSec: 65_536 };
    ({ id: migrationId } = await cluster.client.migrations.create({ guest: "web", destination: "beta", limits }));
    await until("it moves", async () => (await cluster.client.migrations.get(migrationId)).phase === "precopy");
  });

  test("H9, H11: a host that speaks of another's part is refused, told of once however often it does, and changes nothing", async () => {
    await using gamma = await PretendedHost.connect(cluster, { name: "gamma" });
    for (let time = 0; time < 50; time += 1) gamma.say(running(2));
    gamma.say({ type: "reclaimed", migrationId, guestId: web.id, epoch: 3 });
    await refusal({ said: "reclaimed", code: "not-its-part", epoch: 3, host: "gamma", by: "orchestrator" });
    expect(refusals({ said: "running", host: "gamma" })).toHaveLength(1);
    await movesOn();
  });

  test("H9, H11: a destination that says it runs at an epoch that is not handed over is refused", async () => {
    const attempt = { role: "destination", migrationId, guestId: web.id, epoch: 2, at: "loaded" } as const;
    {
      // Whoever has an agents' token can say that it is beta, until beta itself comes again.
      await using beta = await PretendedHost.connect(cluster, { name: "beta", attempts: [attempt] });
      for (const epoch of [1, 7, 1]) beta.say(running(epoch));
      const { data } = await refusal({ said: "running", code: "stale-epoch", host: "beta", epoch: 1 });
      expect(data).toMatchObject({
        migrationId,
        guestId: web.id,
        sentence: expect.stringMatching(/"running" of beta at epoch 1/),
      });
    }
    await cluster.connected();
    await movesOn();
  });

  test("H11, N1: frames at the ports with no ticket, a wrong one, another migration's, or a grant at once are refused, and nothing starts", async () => {
    const hello = { migration: migrationId, device: "ram", stream: 0, resumeFrom: 1 };
    const { alpha, beta } = ports;
    const grant = frame("grant", 1, { epoch: 2 });
    expect(await sayAt(alpha, [frame("hello", 0, hello), grant])).toBe("bad-hello");
    expect(await sayAt(alpha, [frame("hello", 0, { ...hello, ticket: "guessed" }), grant])).toBe("wrong-ticket");
    const other = { ...hello, migration: uuidv7(), ticket: "guessed" };
    expect(await sayAt(alpha, [frame("hello", 0, other), grant])).toBe("unknown-channel");
    for (let time = 0; time < 30; time += 1) expect(await sayAt(beta, [grant])).toBe("bad-hello");
    await refusal({ said: "hello", code: "bad-ticket", host: "alpha", by: "agent" });
    await refusal({ said: "grant", code: "bad-ticket", host: "beta", by: "agent" });
    const of = refusals({ said: "hello", host: "alpha" }).map(({ data }) => Told.parse(data).migrationId);
    expect(new Set(of)).toEqual(new Set([undefined, migrationId]));
    expect(of).toHaveLength(2);
    expect(refusals({ said: "grant", host: "beta" })).toHaveLength(1);
    await movesOn();
    expect((await pictureOf(cluster, web)).answersOn).toEqual(["alpha"]);
  });

  test("nothing is lost by any of it", async () => {
    await cluster.client.migrations.cancel(migrationId);
    await settled("alpha", 1);
  });

  /** Whatever was said: it is as before, and the guest serves where it did. */
  async function movesOn(): Promise<void> {
    expect(await cluster.client.migrations.get(migrationId)).toMatchObject({ phase: "precopy" });
    expect(await cluster.client.guests.get("web")).toMatchObject({ host: "alpha", epoch: 1, state: "running" });
  }

  function running(epoch: number): FromAgent {
    return { type: "running", migrationId, guestId: web.id, epoch, devices: [], statuses: [] };
  }
});

test("H9, H11: a grant for another epoch on a genuine channel starts nothing; the true one comes by way of the orchestrator", async () => {
  proxy.epochs = 1;
  const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta" });
  const { data } = await refusal({ said: "grant", code: "stale-epoch", epoch: 3, host: "beta", by: "agent" });
  expect(data).toMatchObject({ migrationId: id, guestId: web.id });
  expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "completed" });
  await settled("beta", 2);
});

test("H11, D3: a hello that claims a guest at an epoch that has been passed is refused, and the guest stays whose it is", async () => {
  const claimed = { guestId: web.id, name: "web", epoch: 1, state: "running" as const, definitions: [], devices: [] };
  for (let time = 0; time < 3; time += 1) {
    await using _old = await PretendedHost.connect(cluster, { name: "old", guests: [claimed] });
  }
  const found = await until("the claim is told of", () =>
    feed.received.find(({ event }) => event === "guest.claim-refused"),
  );
  expect(found.data).toMatchObject({
    guestId: web.id,
    sentence: expect.stringContaining("old claims web at epoch 1"),
    data: { code: "stale-epoch", epoch: 1, knownEpoch: 2, host: "old", guest: "web" },
  });
  expect(feed.received.filter(({ event }) => event === "guest.claim-refused")).toHaveLength(1);
  await settled("beta", 2);
});

test("H11: what an agent refuses is in its log too, with its code", async () => {
  const log = await readFile(`${cluster.folder}/beta.log`, "utf8");
  expect(log).toMatch(/"said":"grant".*"code":"stale-epoch"/);
  expect(log).toMatch(/"said":"grant".*"code":"bad-ticket"/);
});

describe("an agent that is told what is wrong, by whoever it takes for the orchestrator", () => {
  const [guestId, migrationId] = [uuidv7(), uuidv7()];
  const of = { migrationId, guestId };
  let told: FalseOrchestrator;
  let agent: LoneAgent;
  let endpoint: string;
  beforeAll(async () => {
    told = await FalseOrchestrator.start();
    agent = await LoneAgent.make(told.url);
    await agent.start("delta");
    await told.hello();
    const port = await freePort();
    endpoint = `127.0.0.1:${port}`;
    const devices = [{ name: "ram", kind: "memory", config: { sizeBytes: 4 * MiB, port } }];
    const made = { ask: "createGuest" as const, guestId, name: "lone", devices };
    await told.ask({ type: "request", id: uuidv7(), request: made }, "reply");
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await told[Symbol.asyncDispose]();
  });
  afterEach(async () => expect(await askDevice(endpoint, "INFO")).toBeDefined());

  test("H9, H11: commands of an epoch that is none of its guest's are refused, each with its code, and change nothing", async () => {
    for (const type of ["freeze", "refuse", "discard", "reclaim", "grant", "revoke"] as const)
      expect(await told.ask({ type, ...of, epoch: 9 }, "rejected")).toMatchObject([
        { said: type, ...of, epoch: 9, code: "stale-epoch" },
      ]);
    const prepare = { type: "prepareSource" as const, ...of, epoch: 9, ticket: "t" };
    expect(await told.ask(prepare, "declined")).toMatchObject([
      { type: "rejected", said: "prepareSource", code: "stale-epoch" },
      { type: "declined", role: "source", code: "guest-not-settled" },
    ]);
    const elsewhere = { migrationId, guestId: uuidv7(), epoch: 2 };
    expect(await told.ask({ type: "freeze", ...elsewhere }, "rejected")).toMatchObject([{ code: "not-its-part" }]);
  });

  test("H10, H11: what was done before is answered as before", async () => {
    const gone = { type: "discard" as const, migrationId, guestId: uuidv7(), epoch: 2 };
    for (let time = 0; time < 2; time += 1)
      expect(await told.ask(gone, "discarded", "rejected")).toMatchObject([{ type: "discarded" }]);
    for (let time = 0; time < 2; time += 1)
      expect(await told.ask({ type: "refuse", ...of, epoch: 2 }, "refused", "rejected")).toMatchObject([
        { type: "refused", code: "RESTARTED" },
      ]);
    expect(await told.ask({ type: "freeze", ...of, epoch: 1 }, "rejected")).toMatchObject([{ code: "stale-epoch" }]);
  });

  test("H11: in a migration of its own it goes by that one's epoch, part and ticket", async () => {
    await told.ask({ type: "prepareSource", ...of, epoch: 3, ticket: "secret" }, "sourcePrepared");
    expect(await told.ask({ type: "freeze", ...of, epoch: 2 }, "rejected")).toMatchObject([{ code: "stale-epoch" }]);
    expect(await told.ask({ type: "grant", ...of, epoch: 3 }, "rejected")).toMatchObject([{ code: "not-its-part" }]);
    const hello = { migration: migrationId, device: "ram", stream: 0, resumeFrom: 1, ticket: "guessed" };
    for (let time = 0; time < 30; time += 1) await sayAt(agent.endpoint, [frame("hello", 0, hello)]);
    await until("the stranger is told of", () => strangers().length > 0);
    expect(await told.ask({ type: "abort", ...of }, "aborted")).toMatchObject([{ type: "aborted", role: "source" }]);
    expect(strangers()).toMatchObject([{ ...of, said: "hello", code: "bad-ticket" }]);
  });

  test("H11: its journal is no other host's: an agent of another name does not start on it, and changes nothing", async () => {
    await agent.end();
    const before = await readFile(agent.journal, "utf8");
    await expect(agent.start("epsilon")).rejects.toThrow(/ended with 1 before it was ready/);
    const log = await readFile(agent.log, "utf8");
    expect(log).toMatch(/"host":"epsilon","code":"journal-of-another-host"/);
    expect(log).toMatch(
      /^journal-of-another-host: .*\/journal is the journal of host "delta".*"epsilon".*--name delta/m,
    );
    expect(await readFile(agent.journal, "utf8")).toBe(before);
    await agent.start("delta");
  });

  test("H11: nor does one whose journal contradicts itself: it names the line", async () => {
    await agent.end();
    const before = await readFile(agent.journal, "utf8");
    const line = before.split("\n").length;
    await appendFile(agent.journal, lineOf({ entry: "granted", guestId: uuidv7(), migrationId, epoch: 2 }));
    await expect(agent.start("delta")).rejects.toThrow(/ended with 1 before it was ready/);
    const log = await readFile(agent.log, "utf8");
    expect(log).toMatch(new RegExp(`^journal-contradiction: .*/journal:${line}: "granted" for guest`, "m"));
    await writeFile(agent.journal, before);
    await agent.start("delta");
  });

  function strangers(): FromAgent[] {
    return told.heard.filter((message) => message.type === "rejected" && message.said === "hello");
  }
});

function refusals(what: object): Received[] {
  return feed.received.filter(
    ({ event, data }) => event === "migration.message-refused" && includes(Told.parse(data).data, what),
  );
}

async function refusal(what: object): Promise<Received> {
  return await until(`it is told that ${JSON.stringify(what)} was refused`, () => refusals(what)[0]);
}

function includes(all: object, some: object): boolean {
  const found = new Map(Object.entries(all));
  return Object.entries(some).every(([name, value]) => found.get(name) === value);
}

async function settled(host: string, epoch: number): Promise<void> {
  await until(`all is settled on ${host}`, async () => {
    expect(await pictureOf(cluster, web)).toEqual(settledOn(host, epoch));
    return true;
  });
}
