import { GiB } from "../bytes.ts";
import type { Rule } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { Qemu } from "./qemu.ts";
import { abort, watched } from "./watched.ts";

const steps = 10;

/**
 * Nova (nova/virt/libvirt/migration.py, `downtime_steps()`, with its defaults): the limit goes from a tenth to the whole in ten equal
 * steps, one every 75 s per GiB; the migration is aborted after 800 s per GiB. At least 2 GiB are counted.
 */
export function nova({ limitMs, ramBytes }: Scenario): Rule {
  const ramGiB = Math.max(2, ramBytes / GiB);
  const stepSec = Math.floor(75 * ramGiB);
  const firstMs = limitMs / steps;
  const riseMs = (limitMs - firstMs) / steps;
  const qemu = new Qemu(firstMs);
  return watched(qemu, {
    pollEverySec: 0.5,
    onPoll({ atSec }) {
      const step = Math.min(steps, Math.ceil(atSec / stepSec) - 1);
      if (step >= 0) qemu.limitMs = firstMs + riseMs * step;
      return atSec > 800 * ramGiB ? abort("completion-timeout") : undefined;
    },
  });
}
