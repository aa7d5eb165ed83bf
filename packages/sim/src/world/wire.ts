/** Counters of the one connection that everything is sent over. */
export interface Wire {
  /** Bytes sent since the start. */
  bytes: number;
  /** Seconds in which there was something to send and it was being sent: no scanning, no exact query, no idling. */
  busySec: number;
}

/** Counts `bytes` sent at `bytesPerSec`; returns the seconds that they took. */
export function carry(wire: Wire, bytes: number, bytesPerSec: number): number {
  const tookSec = bytes / bytesPerSec;
  wire.bytes += bytes;
  wire.busySec += tookSec;
  return tookSec;
}
