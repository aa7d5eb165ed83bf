import { setTimeout } from "node:timers/promises";
import { QmpError } from "@godwit/qemu";
import type { Loss } from "../loss.ts";

/** A process that ends closes its connections before anybody can see that it has ended. */
const endSeenMs = 1_000;

/** What a QEMU said last that has not answered because it has ended; undefined where it lives. */
export async function lostBehind(loss: Loss, cause: unknown): Promise<string | undefined> {
  if (cause instanceof QmpError && cause.kind === "closed")
    await loss.orElse(setTimeout(endSeenMs)).catch(() => undefined);
  return loss.said;
}
