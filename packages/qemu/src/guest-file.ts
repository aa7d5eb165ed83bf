/** A guest in a file: written by one QEMU, and read by another that has waited for it. */
import { z } from "zod";
import { cancel, migrationStatus, receive, send, setCapabilities, setPace } from "./migration.ts";
import type { Qmp } from "./qmp/qmp.ts";
import { standStill } from "./run-state.ts";

const Capabilities = z.array(z.object({ capability: z.string(), state: z.boolean() }));

/** How the guest's memory lies in a file: each page at its own place, which is read back fastest, or one after the other as they were sent. */
export type FileForm = "mapped-ram" | "stream";

/** The best that this QEMU knows: 9.0 and newer know both. */
export async function bestForm(qmp: Qmp): Promise<FileForm> {
  return (await mappedRam(qmp)) === undefined ? "stream" : "mapped-ram";
}

export interface SaveOptions {
  limitMs: number;
  form?: FileForm;
  /** Ends it early; the guest stands still all the same. */
  signal?: AbortSignal;
}

/** Writes the guest to a file. It stands still from then on, until it is told to go on. */
export async function save(
  qmp: Qmp,
  file: string,
  { limitMs, form = "mapped-ram", signal }: SaveOptions,
): Promise<void> {
  signal?.throwIfAborted();
  await setCapabilities(qmp, ofFile(form));
  await setPace(qmp, { maxBytesPerSec: 0, downtimeLimitMs: 300 });
  await standStill(qmp);
  const saved = migrationStatus(qmp, "completed", { deadlineMs: limitMs });
  const stop = () => void cancel(qmp).catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await Promise.all([saved, send(qmp, `file:${file}`)]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Reads a guest from a file, into a QEMU that waits for one. It stands still until it is told to go on. */
export async function restore(qmp: Qmp, file: string, limitMs: number, form: FileForm = "mapped-ram"): Promise<void> {
  await setCapabilities(qmp, ofFile(form));
  const loaded = migrationStatus(qmp, "completed", { deadlineMs: limitMs });
  await Promise.all([loaded, receive(qmp, `file:${file}`)]);
  await forgetFile(qmp);
}

/** A migration to another host would go into no file: what was set for one is undone. */
export async function forgetFile(qmp: Qmp): Promise<void> {
  if ((await mappedRam(qmp)) === true) await setCapabilities(qmp, { "mapped-ram": false });
}

/** There is nobody at the other end to return anything. A QEMU that does not know of mapped RAM is told nothing of it. */
function ofFile(form: FileForm): Record<string, boolean> {
  const alone = { "return-path": false, "switchover-ack": false, "pause-before-switchover": false, multifd: false };
  return form === "mapped-ram" ? { ...alone, "mapped-ram": true } : alone;
}

/** Whether it is set; undefined where QEMU does not know it. */
async function mappedRam(qmp: Qmp): Promise<boolean | undefined> {
  const known = Capabilities.parse(await qmp.execute("query-migrate-capabilities"));
  return known.find(({ capability }) => capability === "mapped-ram")?.state;
}
