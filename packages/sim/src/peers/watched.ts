import type { Rule, RuleAction } from "../run.ts";
import type { World } from "../world/world.ts";
import type { Qemu } from "./qemu.ts";

/** What a manager of virtual machines does about a migration that QEMU runs. */
export interface Watch {
  pollEverySec: number;
  /** Of the first poll; 0 if not given. */
  firstPollSec?: number;
  onPoll: (world: World) => RuleAction | undefined;
  /** After every exact query that did not lead to a switchover. */
  onPass?: (world: World) => RuleAction | undefined;
}

/** QEMU decides on switchovers; the manager changes its limit or ends the migration. */
export function watched(qemu: Qemu, { pollEverySec, firstPollSec = 0, onPoll, onPass }: Watch): Rule {
  let nextPollSec = firstPollSec;
  let passesSeen = qemu.passes;
  return {
    look(world) {
      const own = qemu.look(world);
      if (own !== undefined) return own;
      if (qemu.passes !== passesSeen) {
        passesSeen = qemu.passes;
        const after = onPass?.(world);
        if (after !== undefined) return after;
      }
      if (world.atSec < nextPollSec) return undefined;
      nextPollSec = world.atSec + pollEverySec;
      return onPoll(world);
    },
  };
}

/** An abort, with its reason. */
export function abort(reason: string): RuleAction {
  return { type: "abort", reason };
}
