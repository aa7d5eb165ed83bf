import { ChannelError } from "@godwit/channel";
import type { Failure } from "@godwit/core";

/** What is said into a channel that has ended is lost, as anything that is sent may be: it is no reason to end the agent. */
export function unlessEnded(say: () => void): void {
  try {
    say();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
  }
}

/** The stable code of whatever was thrown: a back end's or a channel's own where there is one. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    // What the other side said is nearer to the cause than that it said something.
    if (error.code === "peer-failed" && "reason" in error && typeof error.reason === "string") return error.reason;
    return error.code;
  }
  return "device-failed";
}

/** As it is told to the agent. */
export function failureOf(error: unknown, device?: string): Failure {
  if (error instanceof ChannelError && error.code === "peer-failed")
    return { code: codeOf(error), detail: detailOf(error), ofPeer: true };
  return { code: codeOf(error), detail: device === undefined ? detailOf(error) : `${device}: ${detailOf(error)}` };
}

/** Where in a device's configuration the fault lies, if it lies there. */
export function pointerOf(error: unknown): string | undefined {
  return error instanceof Error && "pointer" in error && typeof error.pointer === "string" ? error.pointer : undefined;
}

export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
