import type { ChangeHost } from "@godwit/contract";
import { rateText } from "@godwit/core";
import type { HostMark, HostRecord, HostSettings, JsonObject, NewEvent, Store } from "@godwit/store";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { budgetOf } from "../host-facts.ts";
import { mergePatch } from "../http/merge-patch.ts";
import { ProblemError } from "../problem.ts";
import { findHost } from "../survey.ts";

export interface SettingsParts {
  store: Store;
  bus: Bus;
  clock: Clock;
}

/** Who sets a host apart or lets it go on. */
export interface By {
  by: string;
  reason?: string | undefined;
  drainId?: string | undefined;
}

/** Nothing is started to it from now on; what is under way goes on. */
export async function cordon(parts: SettingsParts, host: HostRecord, by: By): Promise<HostRecord> {
  return await mark(parts, host, "cordoned", by);
}

export async function uncordon(parts: SettingsParts, host: HostRecord, by: By): Promise<HostRecord> {
  if (by.drainId === undefined) await expectNotDrained(parts, host);
  return await unmark(parts, host, "cordoned", by);
}

/** Nothing is started from it or to it from now on; what is under way goes on. */
export async function pause(parts: SettingsParts, host: HostRecord, by: By): Promise<HostRecord> {
  return await mark(parts, host, "paused", by);
}

export async function resume(parts: SettingsParts, host: HostRecord, by: By): Promise<HostRecord> {
  return await unmark(parts, host, "paused", by);
}

/** A budget that is taken away is again what the host's agent says. */
export async function change(
  parts: SettingsParts,
  host: HostRecord,
  { linkBudget }: ChangeHost,
  by: string,
): Promise<HostRecord> {
  if (linkBudget === undefined) return host;
  const merged = linkBudget === null ? {} : mergePatch(host.linkBudget ?? {}, linkBudget);
  const wanted = Object.keys(merged).length === 0 ? null : merged;
  const { outBytesPerSec: out, inBytesPerSec: into } = budgetOf({ ...host, linkBudget: wanted ?? undefined });
  const figures = [out === undefined ? [] : `${rateText(out)} out`, into === undefined ? [] : `${rateText(into)} in`];
  const budget = figures.flat().join(" and ") || "all that it carries";
  const sentence = `${by} changed the link budget of ${host.name}: ${budget}.`;
  return await set(parts, host, { linkBudget: wanted }, "host.changed", sentence, { by, linkBudget: { ...merged } });
}

/** @throws {ProblemError} while a drain keeps the host cordoned. */
async function expectNotDrained({ store }: SettingsParts, { id, name }: HostRecord): Promise<void> {
  if (!(await store.drains.active()).some(({ hostId }) => hostId === id)) return;
  throw new ProblemError("drain-under-way", `${name} is being drained. Abort the drain, and it is uncordoned.`);
}

const marked = {
  cordoned: { type: "host.cordoned", says: "cordoned", means: "no migration starts to it" },
  paused: { type: "host.paused", says: "paused", means: "no migration starts from it or to it" },
} as const;
const unmarked = {
  cordoned: { type: "host.uncordoned", says: "uncordoned" },
  paused: { type: "host.resumed", says: "resumed" },
} as const;

async function mark(
  parts: SettingsParts,
  host: HostRecord,
  what: keyof typeof marked,
  { by, reason, drainId }: By,
): Promise<HostRecord> {
  const { type, says, means } = marked[what];
  const made: HostMark = { at: dateOf(parts.clock.now()), by, reason, drainId };
  const sentence = `${by} ${says} ${host.name}: ${reason ?? means}`;
  return await set(parts, host, { [what]: made }, type, sentence, given({ by, reason, drainId }));
}

/** What is not so already is left as it is, and nothing is told. */
async function unmark(
  parts: SettingsParts,
  host: HostRecord,
  what: keyof typeof unmarked,
  { by, reason, drainId }: By,
): Promise<HostRecord> {
  if (host[what] === undefined) return host;
  const { type, says } = unmarked[what];
  const sentence = `${by} ${says} ${host.name}${reason === undefined ? "." : `: ${reason}`}`;
  return await set(parts, host, { [what]: null }, type, sentence, given({ by, reason, drainId }));
}

async function set(
  { store, bus, clock }: SettingsParts,
  { id, name }: HostRecord,
  settings: HostSettings,
  type: string,
  sentence: string,
  data: JsonObject,
): Promise<HostRecord> {
  const event: NewEvent = { type, at: dateOf(clock.now()), hostId: id, sentence, data: { ...data, name } };
  await store.hosts.set(id, settings, [event]);
  bus.tell("events");
  bus.tell("schedule");
  return await findHost(store, id);
}

function given(by: By): JsonObject {
  return Object.fromEntries(Object.entries(by).filter(([, value]) => value !== undefined));
}
