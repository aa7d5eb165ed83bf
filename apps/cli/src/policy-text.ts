import type { MigrationPolicy } from "@godwit/contract";
import { rungText } from "@godwit/core";
import { duration, rate, table, utc } from "./format.ts";

export function policyTable(policies: MigrationPolicy[]): string {
  const headings = [
    "POLICY",
    "DOWNTIME",
    "DEADLINE",
    "BANDWIDTH",
    "PATIENCE",
    "REMEDIES",
    "HOLD",
    "WINDOW (UTC)",
    "VERSION",
  ];
  const rows = policies.map(({ name, builtIn, version, settings }) => [
    name,
    duration(settings.downtimeLimitMs),
    duration(settings.deadlineMs),
    bandwidthText(settings),
    settings.patience,
    remediesText(settings),
    settings.hold ? "yes" : "no",
    windowText(settings),
    builtIn ? "built in" : String(version),
  ]);
  return table(headings, rows);
}

export function policyLines({ name, builtIn, version, settings, updatedAt }: MigrationPolicy): string[] {
  return [
    `${name}  ${builtIn ? "built in" : `version ${version}, changed ${utc(updatedAt)}`}`,
    `  downtime limit   ${duration(settings.downtimeLimitMs)}`,
    `  deadline         ${duration(settings.deadlineMs)}`,
    `  bandwidth        ${bandwidthText(settings)}`,
    `  patience         ${settings.patience}`,
    `  remedies         ${remediesText(settings)}`,
    `  hold             ${settings.hold ? "yes" : "no"}`,
    `  window           ${windowText(settings)}${settings.window === undefined ? "" : " UTC"}`,
  ];
}

type Settings = MigrationPolicy["settings"];

function bandwidthText({ bandwidthBytesPerSec }: Settings): string {
  return bandwidthBytesPerSec === undefined ? "no cap" : rate(bandwidthBytesPerSec);
}

function remediesText({ ladder }: Settings): string {
  return ladder.length === 0 ? "none" : ladder.map(rungText).join(", then ");
}

function windowText({ window }: Settings): string {
  return window === undefined ? "any time" : `${window.from}-${window.to}`;
}
