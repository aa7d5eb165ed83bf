/** The commands of a migration, in the one way in which this project uses them. */
import { type MigrationAnswer, readMigration } from "./migration-answer.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import type { QmpEvent } from "./qmp/qmp-events.ts";
import type { Qmp, QmpLimits } from "./qmp/qmp.ts";

/**
 * With these the source stops the guest and waits, and says `completed` only when the destination has loaded everything: without a
 * return path it also says so when nothing has arrived.
 */
const capabilities = ["events", "return-path", "pause-before-switchover"];

/** A trickle that ends no pass while the guest runs, and still lets QEMU notice that it has been told otherwise. */
const trickleBytesPerSec = 65_536;
const shortestDowntimeMs = 1;

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

/** Takes effect at once, also under way. */
export async function setPace(qmp: Qmp, { maxBytesPerSec, downtimeLimitMs }: Pace): Promise<void> {
  await qmp.execute("migrate-set-parameters", { "max-bandwidth": maxBytesPerSec, "downtime-limit": downtimeLimitMs });
}

/** A pace at which the first pass may go on, and no switchover comes while pages get dirty. To hold is up to `holdAtBrink`. */
export async function setPaceBeforeBrink(qmp: Qmp, maxBytesPerSec: number): Promise<void> {
  await setPace(qmp, { maxBytesPerSec, downtimeLimitMs: shortestDowntimeMs });
}

/**
 * Keeps the guest running and nearly moved: before the end of the first pass, for an idle guest would stop at it. `setPace` with what
 * is wanted lets go.
 */
export async function holdAtBrink(qmp: Qmp): Promise<void> {
  await setPace(qmp, { maxBytesPerSec: trickleBytesPerSec, downtimeLimitMs: shortestDowntimeMs });
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

/** Cuts the stream from under a QEMU that waits for it, which answers nothing else then. The guest goes on where it was stopped for it. */
export async function cutStream(qmp: Qmp, limits?: QmpLimits): Promise<void> {
  await qmp.executeOutOfBand("yank", { instances: [{ type: "migration" }] }, limits);
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
