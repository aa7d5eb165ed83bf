import { GiB } from "../bytes.ts";
import type { Rule, RuleAction } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world/world.ts";
import { Qemu } from "./qemu.ts";
import { abort, watched } from "./watched.ts";

/** KubeVirt looks at the job's figures every 400 ms. */
export const kubevirtPollSec = 0.4;
const progressTimeoutSec = 150;

/** The limit of the default rule: `completionTimeoutPerGiB`, 150 s a GiB, in seconds. */
export function completionTimeoutSec({ ramBytes }: Scenario): number {
  return 150 * Math.max(1, ramBytes / GiB);
}

/** KubeVirt with its defaults: the limit stays as it is. */
export function kubevirt(scenario: Scenario): Rule {
  return watched(new Qemu(scenario.limitMs), { pollEverySec: kubevirtPollSec, onPoll: legacyTimeouts(scenario) });
}

/**
 * KubeVirt with VEP 291 (`tuneDowntime`): begins at 150 ms and, from the third pass on, every 10 s takes one of seven equal steps to
 * the limit. Timeouts as by default.
 */
export function kubevirtSteppedDowntime(scenario: Scenario): Rule {
  const { limitMs } = scenario;
  const firstMs = Math.min(150, limitMs);
  const riseMs = Math.max((limitMs - firstMs) / 7, 1);
  const qemu = new Qemu(firstMs);
  const timeouts = legacyTimeouts(scenario);
  let raisedSec = 0;
  return watched(qemu, {
    pollEverySec: kubevirtPollSec,
    onPoll(world) {
      const over = timeouts(world);
      if (over !== undefined) return over;
      if (qemu.passes < 3 || world.atSec - raisedSec < 10) return undefined;
      qemu.limitMs = Math.min(qemu.limitMs + riseMs, limitMs);
      raisedSec = world.atSec;
      return undefined;
    },
  });
}

/**
 * `handleLegacyConvergence`: aborts after 150 s without progress, and after 150 s a GiB. Progress is that less is left than at the
 * poll before, since the mark is set to the last value and not to the least: a migration that goes up and down always progresses.
 */
function legacyTimeouts(scenario: Scenario): (world: World) => RuleAction | undefined {
  const timeoutSec = completionTimeoutSec(scenario);
  let [markBytes, progressSec] = [0, 0];
  return ({ atSec, ram: { knownBytes } }) => {
    if (markBytes === 0 || knownBytes < markBytes) progressSec = atSec;
    markBytes = knownBytes;
    if (atSec - progressSec > progressTimeoutSec) return abort("progress-timeout");
    return atSec > timeoutSec ? abort("completion-timeout") : undefined;
  };
}
