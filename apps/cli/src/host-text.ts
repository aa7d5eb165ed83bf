import type { FenceResult, Host, HostMark } from "@godwit/contract";
import { bytes, duration, rate, table, utc } from "./format.ts";

export function hostTable(hosts: Host[]): string {
  const rows = hosts.map((host) => [
    host.name,
    standingText(host),
    String(host.guests),
    `${host.slots.outgoing}/${host.slots.incoming}`,
    linkText(host),
    bytes(host.freeBytes),
    kindsText(host),
    seenText(host),
  ]);
  return table(["HOST", "STATE", "GUESTS", "SLOTS OUT/IN", "LINK", "FREE", "BACK ENDS", "SEEN"], rows);
}

export function hostLines(host: Host): string[] {
  const { name, fenced, cordoned, paused, guests, slots, agentVersion, peerEndpoint, serviceAddress } = host;
  return [
    `${name}  ${standingText(host)}`,
    ...(fenced === undefined ? [] : [`  fenced      ${utc(fenced.at)} by ${fenced.by}: ${fenced.reason}`]),
    ...markLines("cordoned", cordoned),
    ...markLines("paused", paused),
    `  seen        ${seenText(host)}`,
    `  guests      ${guests}`,
    `  slots       ${slots.outgoing} out, ${slots.incoming} in`,
    `  link        ${linkText(host)}`,
    `  free        ${bytes(host.freeBytes)}`,
    `  back ends   ${kindsText(host)}`,
    `  addresses   peers ${peerEndpoint}, services ${serviceAddress}`,
    `  agent       ${agentVersion}`,
  ];
}

/** What became of each migration and guest. One that has not ended waits for what its other host says. */
export function fenceLines({ host, migrations, lostGuests }: FenceResult): string[] {
  return [
    `${host.name} is ${host.state}.`,
    ...migrations.map(({ id, guest, phase }) => `migration  ${id}  ${guest}  ${phase}`),
    ...lostGuests.map((guest) => `guest      ${guest}  lost`),
    ...(migrations.length + lostGuests.length === 0 ? ["It had no guest, and no part in a migration."] : []),
  ];
}

function standingText({ state, cordoned, paused }: Host): string {
  return [state, cordoned && "cordoned", paused && "paused"].filter((word) => word !== undefined).join(", ");
}

function markLines(what: string, mark: HostMark | undefined): string[] {
  if (mark === undefined) return [];
  const why = mark.reason === undefined ? "" : `: ${mark.reason}`;
  return [`  ${what.padEnd(12)}${utc(mark.at)} by ${mark.by}${why}`];
}

function linkText({ linkBudget: { outBytesPerSec, inBytesPerSec } }: Host): string {
  const text = (figure: number | undefined) => (figure === undefined ? "-" : rate(figure));
  const [out, into] = [text(outBytesPerSec), text(inBytesPerSec)];
  return out === into ? out : `${out} out, ${into} in`;
}

function kindsText({ backends }: Host): string {
  return backends.map((backend) => backend.kind).join(", ");
}

function seenText({ lastSeenAt }: Host): string {
  return `${duration(Math.max(0, Date.now() - Date.parse(lastSeenAt)))} ago`;
}
