/**
 * QEMU's own throttle of a guest's processors, "auto-converge", held to what is asked for. QEMU knows no command for it: when it looks
 * which pages are dirty, and has found for the second time more of them than `throttle-trigger-threshold` per cent of what it has
 * sent, it raises the throttle to `cpu-throttle-initial`, or by `cpu-throttle-increment`, and to no more than `max-cpu-throttle`. So with
 * the first and the last alike a look sets it to just that, also where it was more, and 1 % is the least (migration/ram.c,
 * migration/cpu-throttle.c). It ends with the migration, whatever becomes of that.
 */
import type { Qmp } from "./qmp/qmp.ts";

export const throttleCapability = "auto-converge";
/** Of a guest's processors, in per cent: QEMU throttles by no less. */
export const leastPercent = 1;
const most = 99;
/** Where nobody has set anything. */
export const usualThrottle = {
  "cpu-throttle-initial": 20,
  "cpu-throttle-increment": 10,
  "cpu-throttle-tailslow": false,
  "max-cpu-throttle": 99,
  "throttle-trigger-threshold": 50,
};

/**
 * Before a migration begins, since it can be set at no other time: the guest may be throttled, and is not, but by 1 % where it is
 * written faster than QEMU sends.
 */
export async function armThrottle(qmp: Qmp): Promise<void> {
  await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: throttleCapability, state: true }] });
  await qmp.execute("migrate-set-parameters", parametersOf(leastPercent, 100));
}

/**
 * In force at QEMU's second look from now on: passes end with one, those over less than a second apart, and from QEMU 9.2 on one comes
 * after five seconds in any case once the first pass is over.
 *
 * @param share 0 to 0.99 of its speed
 */
export async function setThrottle(qmp: Qmp, share: number): Promise<void> {
  await qmp.execute("migrate-set-parameters", parametersOf(percentOf(share), 1));
}

/** Never more than was asked for, but for QEMU's least. */
export function percentOf(share: number): number {
  // 0.29 is a little less than 29 hundredths.
  return Math.min(most, Math.max(leastPercent, Math.floor(100 * share + 1e-9)));
}

function parametersOf(percent: number, thresholdPercent: number) {
  return {
    "cpu-throttle-initial": percent,
    "cpu-throttle-increment": most,
    "cpu-throttle-tailslow": false,
    "max-cpu-throttle": percent,
    "throttle-trigger-threshold": thresholdPercent,
  };
}
