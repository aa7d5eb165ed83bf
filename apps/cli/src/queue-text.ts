import type { Queue, QueueItem, Slots } from "@godwit/contract";
import { table } from "./format.ts";

/** What waits, in its order, and what there is for it. */
export function queueText(queue: Queue): string {
  const { paused, items, cluster, hosts } = queue;
  const head =
    paused === undefined
      ? []
      : [`Paused by ${paused.by} since ${paused.at}${paused.reason === undefined ? "" : `: ${paused.reason}`}`];
  const waiting =
    items.length === 0
      ? ["Nothing waits."]
      : [table(["", "guest", "from", "to", "priority", "starts", "waits for"], items.map(rowOf))];
  const slots = table(
    ["host", "outgoing", "incoming", "preparing"],
    [
      ...hosts.map(({ host, outgoing, incoming, preparing }) => [
        host,
        ...[outgoing, incoming, preparing].map(slotsText),
      ]),
      ["(cluster)", slotsText(cluster.moving), slotsText(cluster.moving), slotsText(cluster.preparing)],
    ],
  );
  return [...head, ...waiting, "", slots].join("\n");
}

function rowOf({ position, guest, source, destination, priority, expectedStart, waitsFor }: QueueItem): string[] {
  return [
    String(position),
    guest,
    source,
    destination ?? "?",
    String(priority),
    expectedStart ?? "-",
    waitsFor.sentence,
  ];
}

function slotsText({ used, of }: Slots): string {
  return `${used} of ${of}`;
}
