import type { Rung } from "../convergence/policy.ts";
import type { Limits } from "../migration/limits.ts";
import { msText, rateText } from "../reason.ts";
import type { Prospect } from "./outlook.ts";

export const postcopyUnsupported = "POSTCOPY_UNSUPPORTED";

/** A remedy that the policy allows: what it would cost at the most, and why it would be passed over, where that is known already. */
export interface ForeseenRemedy {
  remedy: Rung["remedy"];
  usable: boolean;
  /** Why it would be passed over. */
  code?: string;
  device?: string;
  sentence: string;
  /** Its budget is the most of each: a pause in ms, bytes/s of the link, a share of the guest's speed. */
  most: { pauseMs?: number; bytesPerSec?: number; lostShare?: number };
}

export interface Means {
  devices: readonly { name: string; kind: string; canThrottle: boolean }[];
  /** What the link can give, where it is known. */
  linkBytesPerSec: Prospect["linkBytesPerSec"];
}

/** C10: the ladder of a migration that has not begun, rung by rung. */
export function foreseenRemedies(limits: Limits, means: Means): ForeseenRemedy[] {
  return limits.ladder.map((rung) => foreseen(rung, limits, means));
}

/** Why postcopy is passed over, with the first device that stands against it. */
export function withoutPostcopy(devices: readonly { name: string; kind: string }[]): string {
  const [first] = devices;
  const whose = first === undefined ? "no back end" : `${first.name} (${first.kind})`;
  return `Postcopy is passed over: ${whose} cannot go on at the destination before all of it is there.`;
}

function foreseen(rung: Rung, limits: Limits, means: Means): ForeseenRemedy {
  switch (rung.remedy) {
    case "bandwidth":
      return bandwidth(rung.maxBytesPerSec, limits.bandwidthBytesPerSec, means);
    case "downtimeLimit":
      return longerDowntime(rung.maxMs, limits.downtimeLimitMs);
    case "throttle":
      return throttle(rung.maxShare, means);
    case "postcopy":
      return postcopy(means);
    case "force":
      return force(rung.maxMs);
  }
}

function bandwidth(most: number | undefined, cap: number | undefined, means: Means): ForeseenRemedy {
  const remedy = "bandwidth";
  if (cap === undefined || (most !== undefined && most <= cap)) {
    const why = cap === undefined ? "there is no cap to raise" : `the cap is ${rateText(cap)} already`;
    return { remedy, usable: false, code: "NO_HIGHER_CAP", sentence: `bandwidth is passed over: ${why}.`, most: {} };
  }
  const bytesPerSec = most ?? means.linkBytesPerSec;
  const what = bytesPerSec === undefined ? "whatever the link has" : `up to ${rateText(bytesPerSec)} of the link`;
  return {
    remedy,
    usable: true,
    sentence: `bandwidth: ${what} instead of ${rateText(cap)}; it costs the guest nothing.`,
    most: bytesPerSec === undefined ? {} : { bytesPerSec },
  };
}

function longerDowntime(maxMs: number, limitMs: number): ForeseenRemedy {
  const remedy = "downtimeLimit";
  if (maxMs <= limitMs) {
    const sentence = `downtime is passed over: the limit is ${msText(limitMs)} already.`;
    return { remedy, usable: false, code: "NO_LONGER_LIMIT", sentence, most: {} };
  }
  const sentence = `downtime: in steps from ${msText(limitMs)} to at most ${msText(maxMs)}; it costs the guest a pause of that, once.`;
  return { remedy, usable: true, sentence, most: { pauseMs: maxMs } };
}

function throttle(maxShare: number, { devices }: Means): ForeseenRemedy {
  const remedy = "throttle";
  const [first] = devices;
  if (first !== undefined && !devices.some(({ canThrottle }) => canThrottle)) {
    const sentence = `throttle is passed over: ${first.name} (${first.kind}) cannot be slowed down, nor can any other device.`;
    return { remedy, usable: false, code: "THROTTLE_UNSUPPORTED", device: first.name, sentence, most: {} };
  }
  const sentence = `throttle: the guest loses up to ${Math.round(100 * maxShare)} % of its speed until the switchover or the end.`;
  return { remedy, usable: true, sentence, most: { lostShare: maxShare } };
}

function postcopy({ devices }: Means): ForeseenRemedy {
  const [first] = devices;
  const against = first === undefined ? {} : { device: first.name };
  const sentence = withoutPostcopy(devices);
  return { remedy: "postcopy", usable: false, code: postcopyUnsupported, ...against, sentence, most: {} };
}

function force(maxMs: number | undefined): ForeseenRemedy {
  const bound = maxMs === undefined ? "however long" : `where it is predicted to be at most ${msText(maxMs)}`;
  const sentence = `force: it is switched over whatever the limit; it costs the guest a pause, ${bound}.`;
  return { remedy: "force", usable: true, sentence, most: maxMs === undefined ? {} : { pauseMs: maxMs } };
}
