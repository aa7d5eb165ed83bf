/** The commands of a migration, in the one way in which this project uses them. */
import { throttleCapability, usualThrottle } from "./cpu-throttle.ts";
import { type MigrationAnswer, readMigration } from "./migration-answer.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import type { QmpEvent } from "./qmp/qmp-events.ts";
import type { Qmp, QmpLimits } from "./qmp/qmp.ts";

/**
 * With these the source stops the guest and waits, and says `completed` only when the destination has loaded everything: without a
 * return path it also says so when nothing has arrived.
 */
const capabilities = ["events", "return-path", "pause-before-switchover"];

export interface Pace {
  /** 0: no limit. */
  maxBytesPerSec: number;
  downtimeLimitMs: number;
}

/** Of both sides, before anything else. */
export async function setCapabilities(qmp: Qmp, others: Record<string, boolean> = {}): Promise<void> {
  const wanted = { ...Object.fromEntries(capabilities.map((name) => [name, true])), ...others };
  const list = Object.entries(wanted).map(([capability, state]) => ({ capability, state }));
  await qmp.execute("migrate-set-capabilities", { capabilities: list });
}

/** As QEMU has them where nobody has set any, with its usual pace: for whoever migrates it next. */
export async function unsetCapabilities(qmp: Qmp): Promise<void> {
  const all = [...capabilities, "switchover-ack", "multifd", throttleCapability];
  const list = all.map((capability) => ({ capability, state: false }));
  await qmp.execute("migrate-set-capabilities", { capabilities: list });
  await qmp.execute("migrate-set-parameters", { ...usual, ...usualThrottle });
}

/**
 * Of both sides alike, before anything else: with `beside` more streams than the one, memory goes over those, each from a thread of its own
 * (multifd).
 */
export async function setStreams(qmp: Qmp, beside: number): Promise<void> {
  await setCapabilities(qmp, { "switchover-ack": true, multifd: beside > 0 });
  if (beside > 0) await qmp.execute("migrate-set-parameters", { "multifd-channels": beside });
}

/** Takes effect at once, also under way. */
export async function setPace(qmp: Qmp, { maxBytesPerSec, downtimeLimitMs }: Pace): Promise<void> {
  await qmp.execute("migrate-set-parameters", { "max-bandwidth": maxBytesPerSec, "downtime-limit": downtimeLimitMs });
}

/** At which no switchover comes while a single byte is left to send, and passes go on over whatever gets dirty. */
const held = { "avail-switchover-bandwidth": 1000, "downtime-limit": 1 };
const usual = { "avail-switchover-bandwidth": 0, "max-bandwidth": 128 * 1024 ** 2, "downtime-limit": 300 };
/** QEMU's longest limit, over a bandwidth that nothing has. */
const unheld = { "avail-switchover-bandwidth": 1e15, "downtime-limit": 2_000_000 };

/** When QEMU may stop its guest, as far as its own forecast goes; with the capability `switchover-ack` it waits for that as well. */
export async function setSwitchover(
  qmp: Qmp,
  comes: "held" | "whatever is left",
  maxBytesPerSec: number,
): Promise<void> {
  const parameters = comes === "held" ? held : unheld;
  await qmp.execute("migrate-set-parameters", { ...parameters, "max-bandwidth": maxBytesPerSec });
}

export async function cancel(qmp: Qmp): Promise<void> {
  await qmp.execute("migrate_cancel");
}

/** Has the destination listen. It stays alive when the load fails, and can be asked why. */
export async function receive(qmp: Qmp, uri: string): Promise<void> {
  await qmp.execute("migrate-incoming", { uri, "exit-on-error": false });
}

export async function send(qmp: Qmp, uri: string): Promise<void> {
  await qmp.execute("migrate", { uri });
}

/** At `pre-switchover`: sends the rest. */
export async function sendRest(qmp: Qmp): Promise<void> {
  await qmp.execute("migrate-continue", { state: "pre-switchover" });
}

export async function queryMigration(qmp: Qmp, limits?: QmpLimits): Promise<MigrationAnswer> {
  return readMigration(await qmp.execute("query-migrate", {}, limits));
}

/** Waits for a status, from before the command that brings it about. Fails with QEMU's words when the migration does. */
export async function migrationStatus(qmp: Qmp, wanted: string, limits?: QmpLimits): Promise<QmpEvent> {
  const ends = new Set([wanted, "failed", "cancelled"]);
  const isOne = ({ name, data }: QmpEvent) => name === "MIGRATION" && ends.has(String(data["status"]));
  const event = await qmp.event(`the migration's status ${wanted}`, isOne, limits);
  if (event.data["status"] === wanted) return event;
  const { error, status } = await queryMigration(qmp, limits);
  throw new QmpError("refused", error ?? `the migration is ${status}`, { command: "migrate" });
}
