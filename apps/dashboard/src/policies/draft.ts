import type { LimitsPatch, Patience, PolicySettings, Rung } from "@godwit/contract";

/** A policy as it stands in the fields of a form: texts in the units that people write. */
export interface Draft {
  name: string;
  /** Milliseconds. */
  downtimeLimit: string;
  /** Minutes. */
  deadline: string;
  /** Megabytes a second; empty where there is no cap. */
  bandwidth: string;
  patience: Patience;
  hold: boolean;
  /** Times of day in UTC; both empty where it is always open. */
  from: string;
  to: string;
  ladder: DraftRung[];
}

export interface DraftRung {
  remedy: Rung["remedy"];
  /** How far it may go, in the unit of its remedy; empty where it may go as far as it takes. */
  most: string;
}

const minuteMs = 60_000;
const mega = 1_000_000;

export const remedies: Record<
  Rung["remedy"],
  { text: string; most?: { label: string; unit: string; needed: boolean } }
> = {
  bandwidth: { text: "raise its bandwidth", most: { label: "Up to", unit: "MB/s", needed: false } },
  downtimeLimit: { text: "raise its downtime limit", most: { label: "Up to", unit: "ms", needed: true } },
  throttle: { text: "slow the guest down", most: { label: "By up to", unit: "%", needed: true } },
  postcopy: { text: "postcopy, which no device can do yet" },
  force: { text: "switch over whatever its limit", most: { label: "For up to", unit: "ms", needed: false } },
};

export function draftOf(name: string, settings: PolicySettings): Draft {
  const { downtimeLimitMs, deadlineMs, bandwidthBytesPerSec, patience, hold, window, ladder } = settings;
  return {
    name,
    downtimeLimit: String(downtimeLimitMs),
    deadline: String(deadlineMs / minuteMs),
    bandwidth: bandwidthBytesPerSec === undefined ? "" : String(bandwidthBytesPerSec / mega),
    patience,
    hold,
    from: window?.from ?? "",
    to: window?.to ?? "",
    ladder: ladder.map((rung) => ({ remedy: rung.remedy, most: mostOf(rung) })),
  };
}

/** What the API is sent; what cannot be meant, such as an empty limit, is left for it to refuse. */
export function settingsOf(draft: Draft): Omit<LimitsPatch, "bandwidthBytesPerSec" | "window"> & {
  bandwidthBytesPerSec?: number;
  window?: { from: string; to: string };
} {
  const { downtimeLimit, deadline, bandwidth, patience, hold, from, to, ladder } = draft;
  return {
    downtimeLimitMs: numberOf(downtimeLimit),
    deadlineMs: Math.round(numberOf(deadline) * minuteMs),
    ...(bandwidth === "" ? {} : { bandwidthBytesPerSec: Math.round(numberOf(bandwidth) * mega) }),
    patience,
    hold,
    ...(from === "" && to === "" ? {} : { window: { from, to } }),
    ladder: ladder.map(rungOf),
  };
}

/** The same as a merge patch: what may be absent and is not wanted is taken away. */
export function patchOf(draft: Draft): LimitsPatch {
  return { bandwidthBytesPerSec: null, window: null, ...settingsOf(draft) };
}

function mostOf(rung: Rung): string {
  switch (rung.remedy) {
    case "bandwidth":
      return rung.maxBytesPerSec === undefined ? "" : String(rung.maxBytesPerSec / mega);
    case "throttle":
      return String(percentOf(rung.maxShare));
    case "downtimeLimit":
    case "force":
      return rung.maxMs === undefined ? "" : String(rung.maxMs);
    case "postcopy":
      return "";
  }
}

function rungOf({ remedy, most }: DraftRung): Rung {
  const value = numberOf(most);
  switch (remedy) {
    case "bandwidth":
      return most === "" ? { remedy } : { remedy, maxBytesPerSec: Math.round(value * mega) };
    case "throttle":
      return { remedy, maxShare: exact(value / 100) };
    case "downtimeLimit":
      return { remedy, maxMs: value };
    case "force":
      return most === "" ? { remedy } : { remedy, maxMs: value };
    case "postcopy":
      return { remedy };
  }
}

/** Without what the reckoning adds: 0.29 is 29 % and not 28.999999999999996 %, and goes back as it came. */
export function percentOf(share: number): number {
  return exact(share * 100);
}

function exact(value: number): number {
  return Number(value.toPrecision(14));
}

/** Nothing is no number: as JSON it is `null`, which the API refuses at its place. */
function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
