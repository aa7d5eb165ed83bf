import type { QueueItem } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { exactly, none, roughly } from "../figures.ts";
import { useNow } from "../live/hooks.ts";
import { Way } from "../parts/badge.tsx";
import { Empty } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";

const columns = ["Place", "Guest", "Waits for", "Starts in", "Priority", "Asked for"];
const template = "grid-cols-[40px_minmax(130px,1fr)_minmax(200px,2.6fr)_76px_110px_84px]";

/** Those that wait, in the order in which the planner looks at them. */
export function Waiting({ of: items }: { of: QueueItem[] }): ReactNode {
  if (items.length === 0) {
    return (
      <div className="panel">
        <Empty command="npx godwit migrate <guest> --to <host>">
          Nothing waits. What is asked for while its hosts are busy waits here, with what it waits for:
        </Empty>
      </div>
    );
  }
  return (
    <VirtualRows
      label="Waiting"
      columns={columns}
      template={template}
      lines={2}
      rows={items}
      keyOf={({ migrationId }) => migrationId}
      cells={cellsOf}
    />
  );
}

function cellsOf(item: QueueItem): ReactNode[] {
  const { position, migrationId: id, guest, source, destination, priority, askedAt, waitsFor } = item;
  return [
    <span key="place" className="figure">
      {position}
    </span>,
    <span key="guest">
      <Link className="link font-semibold" to="/migrations/$id" params={{ id }}>
        {guest}
      </Link>
      <br />
      <Way source={source} destination={destination ?? "any host"} />
    </span>,
    <span key="waits" title={waitsFor.sentence}>
      {waitsFor.sentence}
    </span>,
    <StartsIn key="start" at={item.expectedStart} />,
    <Priority key="priority" value={priority} />,
    <span key="asked" className="text-ink-soft">
      <Ago at={askedAt} />
    </span>,
  ];
}

const names: [atLeast: number, name: string][] = [
  [1000, "system-critical"],
  [750, "drain"],
  [500, "user"],
  [250, "balancing"],
];

/** By its name where it has one. */
function Priority({ value }: { value: number }): ReactNode {
  const name = names.find(([figure]) => figure === value)?.[1];
  return <span title={`priority ${value} of 1000`}>{name ?? `priority ${value}`}</span>;
}

function StartsIn({ at }: { at: string | undefined }): ReactNode {
  const now = useNow();
  if (at === undefined) return <span title="No one can tell">{none}</span>;
  const ms = Date.parse(at) - now;
  return (
    <time className="figure" dateTime={at} title={exactly(Date.parse(at))}>
      {ms < 1_000 ? "now" : roughly(ms)}
    </time>
  );
}
