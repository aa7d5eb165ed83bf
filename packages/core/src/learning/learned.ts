/** What earlier migrations have taught of one to come. */
export interface Learned {
  /** Of the pair of hosts: bytes/s, and what stopping, handing over and resuming took in ms, with its error (1 sd). */
  bandwidthBytesPerSec?: number | undefined;
  stopResumeMs?: number | undefined;
  stopResumeSdMs?: number | undefined;
  /** Of the devices' back ends: their own times over what they declared. By the device's name. */
  costFactors: Readonly<Record<string, number>>;
  /** On how many finished migrations of the pair it rests. */
  migrations: number;
}

/** Over what a device declares; 1 where nothing was learnt. A device may have the name of something that every object has. */
export function costFactorOf(learned: Learned | undefined, device: string): number {
  return learned !== undefined && Object.hasOwn(learned.costFactors, device) ? (learned.costFactors[device] ?? 1) : 1;
}
