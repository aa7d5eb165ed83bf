import type { Rung } from "../convergence/policy.ts";
import { msText, rateText } from "../reason.ts";
import type { Limits } from "./limits.ts";

/** What was done, in words: "changed the downtime limit from 300 ms to 500 ms and let it go". */
export function changesText(changed: readonly (keyof Limits)[], before: Limits, after: Limits): string {
  const others = changed.flatMap((limit) => (limit === "hold" ? [] : [fromTo(words[limit], before, after)]));
  return [
    ...(others.length === 0 ? [] : [`changed ${others.join(", ")}`]),
    ...(changed.includes("hold") ? [after.hold ? "held it at the brink" : "let it go"] : []),
  ].join(" and ");
}

interface Words {
  name: string;
  text: (limits: Limits) => string;
}

function fromTo({ name, text }: Words, before: Limits, after: Limits): string {
  return `${name} from ${text(before)} to ${text(after)}`;
}

const words: Record<Exclude<keyof Limits, "hold">, Words> = {
  downtimeLimitMs: { name: "the downtime limit", text: ({ downtimeLimitMs }) => msText(downtimeLimitMs) },
  deadlineMs: { name: "the deadline", text: ({ deadlineMs }) => msText(deadlineMs) },
  bandwidthBytesPerSec: {
    name: "the bandwidth cap",
    text: ({ bandwidthBytesPerSec: cap }) => (cap === undefined ? "none" : rateText(cap)),
  },
  patience: { name: "the patience", text: ({ patience }) => patience },
  ladder: {
    name: "the remedies",
    text: ({ ladder }) => (ladder.length === 0 ? "none" : ladder.map(rungText).join(", then ")),
  },
  window: {
    name: "the window",
    text: ({ window }) => (window === undefined ? "any time" : `${window.from}-${window.to} UTC`),
  },
};

/** "throttle up to 50 %" */
export function rungText(rung: Rung): string {
  switch (rung.remedy) {
    case "bandwidth":
      return rung.maxBytesPerSec === undefined ? "bandwidth" : `bandwidth up to ${rateText(rung.maxBytesPerSec)}`;
    case "downtimeLimit":
      return `downtime up to ${msText(rung.maxMs)}`;
    case "throttle":
      return `throttle up to ${Math.round(100 * rung.maxShare)} %`;
    case "postcopy":
      return "postcopy";
    case "force":
      return rung.maxMs === undefined ? "force" : `force up to ${msText(rung.maxMs)}`;
  }
}
