import type { Guest } from "@godwit/contract";
import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, many } from "../figures.ts";
import { useGuests, useHosts } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Facet } from "../parts/facet.tsx";
import { createCommand } from "../parts/guest-rows.tsx";
import { Empty } from "../parts/panel.tsx";
import { TextFilter } from "../parts/text-filter.tsx";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { guestStates } from "../words.ts";

const columns = ["Guest", "State", "Host", "Devices", "Size", "Epoch", "Move"];
const template = "grid-cols-[minmax(120px,1.4fr)_104px_minmax(90px,1fr)_minmax(150px,2fr)_90px_60px_76px]";

export function GuestsScreen(): ReactNode {
  const [all, hosts] = [useGuests(), useHosts()];
  const { name, host, state } = useSearch({ from: "/guests" });
  const guests = all.filter(
    (guest) =>
      (name === undefined || guest.name.includes(name)) &&
      (host === undefined || guest.host === host) &&
      (state === undefined || stateOf(guest) === state),
  );
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Guests <span className="text-[13px] font-normal text-ink-soft">{many(guests.length, "guest")}</span>
        </h1>
        <div className="flex flex-wrap items-center gap-3">
          <TextFilter name="name" label="Name" value={name} />
          <Facet name="host" label="Host" options={hosts.map((each) => each.name)} value={host} />
          <Facet name="state" label="State" options={Object.keys(guestStates)} value={state} />
        </div>
      </div>
      {guests.length === 0 ? (
        <div className="panel">
          <Empty command={createCommand(hosts[0]?.name ?? "<host>")}>
            {all.length === 0
              ? "There is no guest yet. One is created by:"
              : "No guest is like that. Another one is created by:"}
          </Empty>
        </div>
      ) : (
        <VirtualRows
          label="Guests"
          columns={columns}
          template={template}
          rows={guests}
          keyOf={(guest) => guest.id}
          cells={cellsOf}
        />
      )}
    </div>
  );
}

function cellsOf(guest: Guest): ReactNode[] {
  return [
    <span key="name" className="font-semibold">
      {guest.name}
    </span>,
    <Badge key="state" of={guestStates[stateOf(guest)]} />,
    <Link key="host" className="link" to="/hosts/$name" params={{ name: guest.host }}>
      {guest.host}
    </Link>,
    guest.devices.map((device) => `${device.name} (${device.kind})`).join(", "),
    bytes(guest.devices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    String(guest.epoch),
    guest.migrationId === undefined ? (
      <Link key="move" className="link" to="/new" search={{ guest: guest.name }} aria-label={`Move ${guest.name}`}>
        Move
      </Link>
    ) : (
      <Link
        key="move"
        className="link"
        to="/migrations/$id"
        params={{ id: guest.migrationId }}
        aria-label={`Watch ${guest.name}`}
      >
        Watch
      </Link>
    ),
  ];
}

function stateOf({
  state,
  migrationId,
}: {
  state: keyof typeof guestStates;
  migrationId?: string | undefined;
}): keyof typeof guestStates {
  return migrationId === undefined ? state : "moving";
}
