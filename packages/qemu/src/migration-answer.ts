import { z } from "zod";

/** What `query-migrate` says, in one form for every release of QEMU. */
export interface MigrationAnswer {
  /** "none", "setup", "active", "pre-switchover", "device", "completed", "failing", "failed", "cancelled" and the like. */
  status: string;
  /** How often QEMU has looked which pages are dirty: one more than passes have ended. */
  passes: number;
  sentBytes: number;
  /** Memory that was dealt with: sent, or found to be zero and named in a few bytes. */
  settledBytes: number;
  remainingRamBytes: number;
  /**
   * The most that devices have still to send, such as VFIO's. QEMU tells it from 11.1 on, while a migration is under way, and of none that
   * is written only after the stop, such as virtiofsd's state; `undefined` where it does not.
   */
  remainingDeviceBytes: number | undefined;
  totalRamBytes: number;
  /** Sent since the guest stopped. */
  stoppedBytes: number;
  totalMs: number | undefined;
  /** Once it is over. On the source it includes the destination's loading only with a return path. */
  downtimeMs: number | undefined;
  /** Of their time the guest's processors lose so much; 0 where they are not throttled. */
  throttledPercent: number;
  error: string | undefined;
}

const count = z.number().nonnegative();

const Ram = z.object({
  transferred: count,
  remaining: count,
  total: count,
  duplicate: count,
  normal: count,
  "page-size": count.default(4096),
  "dirty-sync-count": count.default(0),
  "downtime-bytes": count.default(0),
});

const Info = z.object({
  status: z.string().default("none"),
  ram: Ram.optional(),
  /** From QEMU 11.1 on, of memory and devices together, as of its last look; what remains of memory is of the moment, and so less. */
  remaining: count.optional(),
  "total-time": count.optional(),
  downtime: count.optional(),
  "cpu-throttle-percentage": count.default(0),
  "error-desc": z.string().optional(),
});

const nothing: z.infer<typeof Ram> = {
  transferred: 0,
  remaining: 0,
  total: 0,
  duplicate: 0,
  normal: 0,
  "page-size": 4096,
  "dirty-sync-count": 0,
  "downtime-bytes": 0,
};

export function readMigration(said: unknown): MigrationAnswer {
  const info = Info.parse(said);
  const ram = info.ram ?? nothing;
  return {
    status: info.status,
    passes: ram["dirty-sync-count"],
    sentBytes: ram.transferred,
    settledBytes: (ram.duplicate + ram.normal) * ram["page-size"],
    remainingRamBytes: ram.remaining,
    remainingDeviceBytes: info.remaining === undefined ? undefined : Math.max(0, info.remaining - ram.remaining),
    totalRamBytes: ram.total,
    stoppedBytes: ram["downtime-bytes"],
    totalMs: info["total-time"],
    downtimeMs: info.downtime,
    throttledPercent: info["cpu-throttle-percentage"],
    error: info["error-desc"],
  };
}
