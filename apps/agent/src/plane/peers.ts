import type { Backend, BackendInfo, Device } from "@godwit/backend";
import type { DeviceAddress, PeerDevice } from "./calls.ts";

/** What the other side is told of a device that runs here. */
export async function peerOf({ device: name }: DeviceAddress, backend: Backend, device: Device): Promise<PeerDevice> {
  const [sizeBytes, needs] = await Promise.all([device.sizeBytes(), device.needs?.()]);
  return { name, backend: infoOf(backend), sizeBytes, ...(needs === undefined ? {} : { needs }) };
}

/** What others are told of a back end. */
export function infoOf({ kind, version, format, features, can }: Backend): BackendInfo {
  return { kind, version, format, features, can };
}
