import type { Rule, RuleAction } from "../run.ts";
import type { SeenDevice } from "../world/device-state.ts";
import type { World } from "../world/world.ts";

/** BUFFER_DELAY in migration/migration.c, in seconds: the bandwidth is taken anew no more often. */
const bandwidthEverySec = 0.1;

/**
 * QEMU's own rule (11.1, migration/migration.c). Each look is one turn of `migration_iteration_run()`:
 * - bandwidth = bytes / wall time since it was last taken, at least 100 ms ago (`migration_update_counters()`); exact queries and the
 *   scanning of zero pages count as time in which the network was slow;
 * - what is left = RAM and VFIO devices, pending and stop-only. State of vhost-user back ends and of anything else has no
 *   `save_query_pending` handler, so it is not counted;
 * - an exact query when what is left <= bandwidth x limit, or when nothing that can move is left (`migration_iteration_next_ready()`);
 * - after one, the switchover if what is left <= bandwidth x limit and every VFIO device has sent its initial bytes
 *   (switchover-ack). No fixed cost is counted, and nothing is ever given up.
 */
export class Qemu implements Rule {
  /** downtime-limit, which a manager may change at any time. */
  limitMs: number;
  /** The bandwidth last taken; 0 before the first. */
  bytesPerSec = 0;
  /** dirty-sync-count: 1 in the first pass, and one more after each exact query. */
  passes = 1;

  #takenAtSec = 0;
  #takenBytes = 0;
  #answers = 0;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  look(world: World): RuleAction | undefined {
    if (world.inSync) return undefined;
    this.#takeBandwidth(world);
    const left = leftBytes(world);
    const fits = left <= (this.bytesPerSec * this.limitMs) / 1000;
    const answers = world.lastExact?.sequence ?? 0;
    if (answers === this.#answers) {
      if (fits || left - stopOnlyBytes(world) <= 1) world.requestExact();
      return undefined;
    }
    this.#answers = answers;
    this.passes += 1;
    if (!fits || !world.devices.every(isAcknowledged)) return undefined;
    return { type: "switchover", predictedMs: this.bytesPerSec > 0 ? (left / this.bytesPerSec) * 1000 : 0 };
  }

  #takeBandwidth({ atSec, wireBytes }: World): void {
    if (atSec < this.#takenAtSec + bandwidthEverySec) return;
    this.bytesPerSec = (wireBytes - this.#takenBytes) / (atSec - this.#takenAtSec);
    this.#takenAtSec = atSec;
    this.#takenBytes = wireBytes;
  }
}

function isCounted({ kind }: SeenDevice): boolean {
  return kind === "vfio";
}

function leftBytes(world: World): number {
  let sum = world.ram.knownBytes;
  for (const device of world.devices) if (isCounted(device)) sum += device.knownBytes + device.stopOnlyBytes;
  return sum;
}

function stopOnlyBytes(world: World): number {
  let sum = 0;
  for (const device of world.devices) if (isCounted(device)) sum += device.stopOnlyBytes;
  return sum;
}

function isAcknowledged(device: SeenDevice): boolean {
  return !isCounted(device) || device.initialLeftBytes <= 0;
}
