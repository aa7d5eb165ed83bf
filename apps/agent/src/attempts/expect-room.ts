import { type Objection, objectionsOf } from "@godwit/backend";
import type { Refusal, ToAgent } from "@godwit/contract";
import type { DeviceAddress } from "../plane/calls.ts";
import type { PlaneProxy } from "./parts.ts";

export type More = Pick<Refusal, "device" | "fix" | "pointer">;

/** Each device could come to this host. @throws {Declined} for the first that could not */
export async function expectRoom(
  plane: PlaneProxy,
  addresses: DeviceAddress[],
  peers: Extract<ToAgent, { type: "prepareDestination" }>["peers"],
): Promise<void> {
  for (const address of addresses) {
    const peer = peers.find((each) => each.name === address.device);
    if (peer === undefined)
      throw Object.assign(new Error(`the source said nothing of ${address.device}`), { code: "invalid-config" });
    const check = await plane.check(address, peer);
    if (!check.ok) throw new Declined(address.device, objectionsOf(check));
  }
}

/** What speaks against a device is told whole; its code and its fix are those of the first. */
export class Declined extends Error {
  override name = "Declined";
  readonly code: string;
  readonly more: More;
  constructor(device: string, objections: Objection[]) {
    super(`${device}: ${objections.map(({ reason }) => reason).join("; ")}.`);
    const [first] = objections;
    this.code = first?.code ?? "invalid-config";
    this.more = { device, fix: first?.fix, pointer: first?.pointer };
  }
}
