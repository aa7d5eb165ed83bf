import type { Guest } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes } from "../figures.ts";
import { guestStates } from "../words.ts";
import { Badge } from "./badge.tsx";
import { Empty } from "./panel.tsx";

/** The guests of one host, a line each; where there is none, the command that creates one on the host that is named. */
export function GuestRows({ of: guests, host }: { of: Guest[]; host?: string }): ReactNode {
  if (guests.length === 0) {
    return (
      <div className="border-t border-line">
        {host === undefined ? (
          <p className="px-4 py-1.5 text-ink-soft">No guest here.</p>
        ) : (
          <Empty command={createCommand(host)}>No guest here. One is created by:</Empty>
        )}
      </div>
    );
  }
  return (
    <ul>
      {guests.map((guest) => (
        <li
          key={guest.id}
          className="grid min-h-[33px] grid-cols-[minmax(0,1fr)_auto_86px] items-center gap-x-3 border-t border-line px-4 py-1"
        >
          <GuestLink of={guest} />
          <span className="text-ink-soft">{holdingOf(guest)}</span>
          <Badge of={guestStates[guest.migrationId === undefined ? guest.state : "moving"]} />
        </li>
      ))}
    </ul>
  );
}

/** Leads to its migration where there is one, or else to a new one. */
function GuestLink({ of: { name, migrationId } }: { of: Guest }): ReactNode {
  const className = "quiet-link font-[550] [overflow-wrap:anywhere]";
  return migrationId === undefined ? (
    <Link className={className} to="/new" search={{ guest: name }} title={`Move ${name}`}>
      {name}
    </Link>
  ) : (
    <Link
      className={className}
      to="/migrations/$id"
      params={{ id: migrationId }}
      title={`See the migration of ${name}`}
    >
      {name}
    </Link>
  );
}

/** "memory 64.0 MB": the kinds of its devices and what they hold. */
function holdingOf({ devices }: Guest): string {
  const kinds = [...new Set(devices.map(({ kind }) => kind))].join(", ");
  return `${kinds} ${bytes(devices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))}`;
}

export function createCommand(host: string): string {
  const guest = {
    name: "calm",
    host,
    devices: [{ name: "ram", kind: "memory", config: { sizeBytes: 67_108_864, port: 7200 } }],
  };
  const headers = `-H "Authorization: Bearer $(cat <token>)" -H "Content-Type: application/json"`;
  return `curl ${location.origin}/v1/guests ${headers} -d '${JSON.stringify(guest)}'`;
}
