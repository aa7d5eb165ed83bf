import { hostname } from "node:os";
import { waited } from "../clock.ts";
import { HeldLease, type LeaseParts } from "./held-lease.ts";
import { standbyApp } from "./standby-app.ts";

/** At most so long a successor waits after the lease has come free. */
const lookEveryMs = 1_000;
const lookAgainMs = 50;

interface Address {
  host: string;
  port: number;
}

/** What is needed to go on as the orchestrator: the lease, and the port at which this process has been known meanwhile. */
export interface Turn {
  lease: HeldLease;
  port: number;
}

/** Takes the lease; while another holds it, stands by at the address. Undefined when the signal was aborted first. */
export async function awaitTurn(parts: LeaseParts, address: Address, signal: AbortSignal): Promise<Turn | undefined> {
  const holder = `${hostname()}, process ${process.pid}`;
  const found = await HeldLease.take(parts, holder);
  return "lease" in found ? { ...found, port: address.port } : await standBy(parts, address, holder, found, signal);
}

async function standBy(
  parts: LeaseParts,
  address: Address,
  holder: string,
  found: { heldBy: string; expiresInMs: number },
  signal: AbortSignal,
): Promise<Turn | undefined> {
  const { clock, log } = parts;
  let { heldBy, expiresInMs } = found;
  const app = standbyApp(() => heldBy);
  try {
    const url = await app.listen({ host: address.host, port: address.port });
    const port = address.port === 0 ? Number(new URL(url).port) : address.port;
    log.info({ url }, `standing by: the orchestrator is ${heldBy}`);
    while (await waited(clock, Math.min(lookEveryMs, Math.max(lookAgainMs, expiresInMs)), signal)) {
      const now = await HeldLease.take(parts, holder).catch((error: unknown) => {
        log.warn(error, "the lease could not be looked at; it is tried again");
        return { heldBy, expiresInMs: lookEveryMs };
      });
      if ("lease" in now) {
        log.info(`the lease came free: this is the orchestrator from now on, after ${heldBy}`);
        return { ...now, port };
      }
      ({ heldBy, expiresInMs } = now);
    }
    return undefined;
  } finally {
    await app.close();
  }
}
