import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FromAgent, ToAgent } from "@godwit/contract";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Agent } from "../agent.ts";
import { Guests } from "../guests.ts";
import { Journal } from "../journal.ts";
import { Mailboxes } from "../mailboxes.ts";
import type { PlaneProxy } from "./parts.ts";

const [migrationId, guestId, folder] = ["m1", "g1", "/saves/web"];
const handover = { migrationId, guestId, epoch: 2 };
const prepareSave: ToAgent = { type: "prepareSave", ...handover, folder };
const freeze: ToAgent = { type: "freeze", ...handover, limitMs: 5_000 };

let dataFolder: string;
let journal: Journal;
let mailboxes: Mailboxes;
let agent: Agent;
let told: FromAgent[];
let asked: string[];
/** What the data plane says of giving the folder its name. */
let place: () => object;
let timer: { ms: number; task: () => void } | undefined;

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "godwit-agent-"));
  journal = await Journal.open(join(dataFolder, "journal"));
  [told, asked, timer] = [[], [], undefined];
  place = () => ({ stoppedMs: 1, rttMs: 0, stoppedBytes: 9, devices: [] });
  mailboxes = new Mailboxes((error) => {
    throw error;
  });
  const [plane, log] = [pretendedPlane(), pino({ level: "silent" })];
  const guests = new Guests(journal, plane, log);
  const after = (ms: number, task: () => void) => {
    timer = { ms, task };
    return () => (timer = undefined);
  };
  const parts = {
    plane,
    journal,
    guests,
    log,
    after,
    machine: { startedAnew: false, noteStart: async () => undefined },
    tell: (message: FromAgent) => void told.push(message),
    enqueue: (id: string, task: () => Promise<void>) => mailboxes.put(id, task),
  };
  const endpoints = { peerEndpoint: "127.0.0.1:1", serviceAddress: "127.0.0.1" };
  const slots = { outgoing: 1, incoming: 1 };
  agent = new Agent(parts, { name: "alpha", instance: "i", agentVersion: "0", ...endpoints, slots, backends: [] });
  const definitions = [{ name: "ram", kind: "memory", config: {} }];
  await journal.append({ entry: "created", guestId, name: "web", definitions });
  await agent.recover();
});

afterEach(async () => {
  await mailboxes.idle();
  await journal[Symbol.asyncDispose]();
  await rm(dataFolder, { recursive: true });
});

function pretendedPlane(): PlaneProxy {
  const answers: Record<string, () => unknown> = {
    attach: () => ({ name: "ram", kind: "memory", sizeBytes: 4096 }),
    openOutgoing: () => [],
    exist: () => true,
    grant: () => place(),
  };
  const get = (_: object, call: string) => async () => {
    asked.push(call);
    return answers[call]?.();
  };
  // Only what is asked here needs an answer of the right type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new Proxy({}, { get }) as PlaneProxy;
}

/** What is said to these messages. */
async function answers(...messages: ToAgent[]): Promise<object[]> {
  const from = told.length;
  for (const message of messages) agent.hear(message);
  await mailboxes.idle();
  return told.slice(from).map(({ type, ...rest }) => ({ type, ...("code" in rest && { code: rest.code }) }));
}

async function news(event: { type: "stopped" } | { type: "loaded" }): Promise<object[]> {
  const from = told.length;
  agent.news(migrationId, async (attempt) => {
    if (attempt.role === "source") await attempt.handle(event);
  });
  await mailboxes.idle();
  return told.slice(from).map(({ type }) => ({ type }));
}

test("F1: asked again it answers again, opens the folder once, and journals the release before the folder gets its name", async () => {
  expect(await answers(prepareSave, prepareSave)).toEqual([{ type: "sourcePrepared" }, { type: "sourcePrepared" }]);
  expect(asked.filter((call) => call === "openSave")).toHaveLength(1);
  await answers(freeze);
  expect(await news({ type: "stopped" })).toEqual([{ type: "frozen" }]);
  place = () => {
    expect(journal.parts.get(guestId)?.part).toMatchObject({ as: "released", epoch: 2, folder });
    return { stoppedBytes: 9, rttMs: 0, devices: [] };
  };
  expect(await news({ type: "loaded" })).toEqual([{ type: "released" }]);
  expect(agent.hello(0)).toMatchObject({ guests: [], attempts: [{ role: "source", at: "released", folder }] });
  expect(await answers({ type: "discard", ...handover })).toEqual([{ type: "discarded" }]);
  expect(journal.parts.has(guestId)).toBe(false);
});

test("F2: a guest that is being moved is not saved, and one that is being saved is not moved", async () => {
  const prepareSource: ToAgent = { type: "prepareSource", ...handover, ticket: "t" };
  const other = { migrationId: "m2" };
  expect(await answers(prepareSource)).toEqual([{ type: "sourcePrepared" }]);
  expect(await answers({ ...prepareSave, ...other })).toEqual([{ type: "declined", code: "guest-busy" }]);
  await answers({ type: "abort", migrationId, guestId });
  expect(await answers(prepareSave)).toEqual([{ type: "sourcePrepared" }]);
  expect(await answers({ ...prepareSource, ...other })).toEqual([{ type: "declined", code: "guest-busy" }]);
});

test("F3: a guest that stands still for longer than was said goes on, and what was written goes", async () => {
  await answers(prepareSave, freeze);
  expect(timer?.ms).toBe(5_000);
  timer?.task();
  await mailboxes.idle();
  expect(told.at(-1)).toMatchObject({ type: "refused", code: "FREEZE_TIMEOUT" });
  expect(journal.parts.get(guestId)).toMatchObject({ part: { as: "owner", epoch: 2 }, refusedEpoch: 2 });
  expect(asked.slice(-3)).toEqual(["cancelOutgoing", "attach", "dropSave"]);
});

test("F3: a folder that could not be given its name does not get it later, and its host takes the guest back", async () => {
  await answers(prepareSave, freeze);
  await news({ type: "stopped" });
  place = () => {
    throw Object.assign(new Error("it is there already"), { code: "folder-taken" });
  };
  expect(await news({ type: "loaded" })).toEqual([{ type: "misplaced" }]);
  place = () => ({ stoppedBytes: 9, rttMs: 0, devices: [] });
  expect(await answers(freeze)).toEqual([{ type: "misplaced", code: "folder-taken" }]);
  expect(await answers({ type: "reclaim", ...handover, epoch: 3 })).toEqual([{ type: "reclaimed" }]);
  expect(journal.parts.get(guestId)?.part).toEqual({ as: "owner", epoch: 3 });
  expect(asked).toContain("dropSave");
});

test("F5: a restore is refused where anything of the guest is, and what is reserved is dropped when it is called off", async () => {
  const devices = [{ name: "ram", kind: "memory", config: {} }];
  const prepareRestore = { type: "prepareRestore" as const, ...handover, name: "web", devices, folder, saveId: "s" };
  expect(await answers(prepareRestore)).toEqual([{ type: "declined", code: "guest-not-settled" }]);
  const elsewhere = { ...prepareRestore, guestId: "g2" };
  expect(await answers(elsewhere)).toEqual([]);
  expect(asked.slice(-2)).toEqual(["checkRestore", "openRestore"]);
  expect(journal.parts.get("g2")?.part).toMatchObject({ as: "reserved", epoch: 2 });
  expect(await answers({ type: "grant", ...handover, guestId: "g2" })).toEqual([
    { type: "revoked", code: "NOTHING_LOADED" },
  ]);
  expect(await answers({ type: "abort", migrationId, guestId: "g2" })).toEqual([{ type: "aborted" }]);
  expect(journal.parts.has("g2")).toBe(false);
});
