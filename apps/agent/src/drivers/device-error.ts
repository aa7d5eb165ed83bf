import type { DeviceContext } from "@godwit/backend";

/** A refusal of a back end's, with the code by which it is told further. */
export function deviceError(code: string, detail: string): Error {
  return Object.assign(new Error(detail), { code });
}

export function nameOf({ guest, device }: Pick<DeviceContext<unknown>, "guest" | "device">): string {
  return `Device ${device} of ${guest.name}`;
}
