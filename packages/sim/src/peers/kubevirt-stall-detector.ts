import type { Rule } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { completionTimeoutSec, kubevirtPollSec } from "./kubevirt.ts";
import { Qemu } from "./qemu.ts";
import { abort, watched } from "./watched.ts";

/** A pass is compared with those that are older, in seconds. */
const windowSec = 40;
/** What counts as better than the best, and as near to it. */
const margin = 0.04;
/** The weight of the newest bandwidth. */
const newestWeight = 0.4;
/** What is left may take so many times the limit when the limit is raised to the whole. */
const hopelessFactor = 1.5;
/** After the raise the switchover has so many seconds. */
const switchoverSec = 60;

/**
 * KubeVirt with VEP 248 (stall-detector.go), pre-copy only: 300 ms until the migration has stalled, that is until a pass is not 4 %
 * better than the best one older than 40 s. Then, at a local minimum, it raises QEMU's limit to the whole if what is left of RAM would
 * take no more than 1.5 times that at the smoothed bandwidth, and aborts if it would take longer.
 */
export function kubevirtStallDetector(scenario: Scenario): Rule {
  const { limitMs } = scenario;
  const qemu = new Qemu(Math.min(300, limitMs));
  const timeoutSec = completionTimeoutSec(scenario);
  const stall = stallDetector();
  let bytesPerSec = 0;
  let switchoverBySec = timeoutSec;
  let isRaised = false;
  return watched(qemu, {
    pollEverySec: kubevirtPollSec,
    onPoll({ atSec }) {
      const newest = qemu.bytesPerSec;
      bytesPerSec = bytesPerSec === 0 ? newest : newestWeight * newest + (1 - newestWeight) * bytesPerSec;
      return atSec > switchoverBySec ? abort("completion-timeout") : undefined;
    },
    onPass({ atSec, ram: { knownBytes } }) {
      if (bytesPerSec === 0 || isRaised) return undefined;
      if (!stall.isAtLocalMinimum(atSec, knownBytes)) return undefined;
      const leftMs = (knownBytes / bytesPerSec) * 1000;
      if (leftMs > (timeoutSec * 2 - atSec) * 1000) return undefined;
      if (leftMs > limitMs * hopelessFactor) return abort("stalled");
      qemu.limitMs = limitMs;
      switchoverBySec = atSec + switchoverSec;
      isRaised = true;
      return undefined;
    },
  });
}

interface Pass {
  atSec: number;
  leftBytes: number;
}

/** Tells from what is left after each pass whether the migration has stalled and this is as good as it gets. */
function stallDetector() {
  /** Passes of the last 40 s, each better than the one before. */
  const candidates: Pass[] = [];
  let bestBeforeBytes: number | undefined;
  let stalled: { targetBytes: number; leftBytes: number[]; patienceSec: number; relaxAtSec: number } | undefined;

  function record({ atSec, leftBytes }: Pass): void {
    while (candidates[0] !== undefined && atSec - candidates[0].atSec >= windowSec) {
      bestBeforeBytes = Math.min(bestBeforeBytes ?? Infinity, candidates[0].leftBytes);
      candidates.shift();
    }
    const isWorseThanBefore = bestBeforeBytes !== undefined && leftBytes > bestBeforeBytes;
    const last = candidates.at(-1);
    if (!isWorseThanBefore && (last === undefined || leftBytes < last.leftBytes)) candidates.push({ atSec, leftBytes });
  }

  return {
    isAtLocalMinimum(atSec: number, leftBytes: number): boolean {
      record({ atSec, leftBytes });
      if (stalled !== undefined) {
        stalled.leftBytes.push(leftBytes);
        stalled.leftBytes.sort((a, b) => a - b);
        if (atSec >= stalled.relaxAtSec) {
          // The target becomes the least that was seen since, then the next but least, ever sooner.
          stalled.targetBytes = stalled.leftBytes.shift() ?? leftBytes;
          stalled.patienceSec *= 0.5;
          stalled.relaxAtSec = atSec + stalled.patienceSec;
        }
      } else {
        if (bestBeforeBytes === undefined || leftBytes < bestBeforeBytes * (1 - margin)) return false;
        const targetBytes = Math.min(bestBeforeBytes, ...candidates.map((pass) => pass.leftBytes));
        stalled = { targetBytes, leftBytes: [], patienceSec: windowSec, relaxAtSec: atSec + windowSec };
      }
      return leftBytes <= stalled.targetBytes * (1 + margin);
    },
  };
}
