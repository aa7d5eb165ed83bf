import type { Rule } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { Qemu } from "./qemu.ts";
import { abort, watched } from "./watched.ts";

/** After more than so many passes, that share of the limit. */
const ladder = [
  { passes: 1, share: 0.3 },
  { passes: 2, share: 0.4 },
  { passes: 3, share: 0.6 },
  { passes: 4, share: 0.8 },
  { passes: 6, share: 1 },
] as const;

/**
 * oVirt's policy "Minimal downtime" (vdsm's MonitorThread, polled every 10 s), 100, 150, 200, 300, 400 and 500 ms scaled to the limit:
 * at each poll that finds a new pass it takes the next step if enough passes are over, and aborts after the last step.
 */
export function ovirt({ limitMs }: Scenario): Rule {
  const qemu = new Qemu(limitMs * 0.2);
  let passesSeen = 1;
  let taken = 0;
  return watched(qemu, {
    pollEverySec: 10,
    firstPollSec: 10,
    onPoll() {
      if (qemu.passes <= passesSeen) return undefined;
      passesSeen = qemu.passes;
      const step = ladder[taken];
      if (step === undefined) return abort("schedule-exhausted");
      if (step.passes >= passesSeen - 1) return undefined;
      qemu.limitMs = limitMs * step.share;
      taken += 1;
      return undefined;
    },
  });
}
