import type { Rule } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { kubevirt, kubevirtSteppedDowntime } from "./kubevirt.ts";
import { kubevirtStallDetector } from "./kubevirt-stall-detector.ts";
import { nova } from "./nova.ts";
import { ovirt } from "./ovirt.ts";
import { Qemu } from "./qemu.ts";

/**
 * The rules of others, each with what its real counterpart sees; their own defaults are scaled to the scenario's limit. A rule is for
 * one run. "qemu at 50 %" is the tuning by hand that leaves half of the limit for what QEMU does not count.
 */
export const peers = {
  qemu: ({ limitMs }) => new Qemu(limitMs),
  "qemu at 50 %": ({ limitMs }) => new Qemu(limitMs * 0.5),
  nova,
  kubevirt,
  "kubevirt + VEP 291": kubevirtSteppedDowntime,
  "kubevirt + VEP 248": kubevirtStallDetector,
  ovirt,
} satisfies Record<string, (scenario: Scenario) => Rule>;
