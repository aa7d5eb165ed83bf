import type { DrainGuest } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, duration, range, share, wait } from "../figures.ts";
import { Badge } from "../parts/badge.tsx";
import { drainGuestStates } from "../words.ts";

const columns = ["", "Guest", "State", "To", "Holds", "Takes", "Downtime", "Chance"];
const template =
  "grid grid-cols-[20px_minmax(80px,1fr)_90px_minmax(70px,1fr)_72px_84px_112px_52px] gap-x-2.5 px-4 py-2 max-md:grid-cols-3";

/**
 * A line for each guest, in the order in which they go; below it why it waits or cannot go, what stands against each host, and what to
 * do about it.
 */
export function DrainGuests({
  of: guests,
  deed,
}: {
  of: DrainGuest[];
  /** What can be done about one that is blocked. */
  deed?: (guest: DrainGuest) => ReactNode;
}): ReactNode {
  return (
    <div role="table" aria-label="Guests">
      <div role="rowgroup" className="max-md:sr-only">
        <div role="row" className={template}>
          {columns.map((name) => (
            <span key={name} role="columnheader" className="label">
              {name === "" ? <span className="sr-only">Place</span> : name}
            </span>
          ))}
          <span role="columnheader" className="sr-only">
            Why
          </span>
        </div>
      </div>
      <div role="rowgroup">
        {guests.map((guest, place) => (
          <Row key={guest.guestId} of={guest} place={place + 1} deed={deed} />
        ))}
      </div>
    </div>
  );
}

function Row({
  of: guest,
  place,
  deed,
}: {
  of: DrainGuest;
  place: number;
  deed: ((guest: DrainGuest) => ReactNode) | undefined;
}): ReactNode {
  const label = (text: string) => <span className="label block md:hidden">{text}</span>;
  return (
    <div role="row" className={`${template} border-t border-line`}>
      <span role="cell" className="text-ink-soft max-md:hidden">
        {place}
      </span>
      <span role="cell" className="font-semibold [overflow-wrap:anywhere] max-md:col-span-2">
        <GuestName of={guest} />
      </span>
      <span role="cell">
        <Badge of={drainGuestStates[guest.state]} />
      </span>
      <span role="cell" className="[overflow-wrap:anywhere]">
        {label("To")}
        {guest.destination ?? "–"}
      </span>
      <span role="cell" className="figure">
        {label("Holds")}
        {bytes(guest.sizeBytes)}
      </span>
      <span role="cell" className="figure">
        {label("Takes")}
        {wait(guest.durationRangeMs)}
      </span>
      <span role="cell" className="figure">
        {label("Downtime")}
        {guest.downtimeMs === undefined ? range(guest.predictedDowntimeRangeMs) : duration(guest.downtimeMs)}
      </span>
      <span role="cell" className="figure">
        {label("Chance")}
        {share(guest.probability)}
      </span>
      <span role="cell" className="col-span-full col-start-2 text-pretty max-md:col-start-1">
        <Why of={guest} />
        {guest.state === "blocked" && deed?.(guest)}
      </span>
    </div>
  );
}

/** Leads to the migration that moves it, or has moved it. */
function GuestName({ of: { guest, migrationId } }: { of: DrainGuest }): ReactNode {
  if (migrationId === undefined) return guest;
  return (
    <Link className="link" to="/migrations/$id" params={{ id: migrationId }}>
      {guest}
    </Link>
  );
}

function Why({ of: { reason, remedy, obstacles, attempts } }: { of: DrainGuest }): ReactNode {
  return (
    <>
      {reason !== undefined && <span className="text-ink-soft">{reason.sentence} </span>}
      {attempts > 0 && <span className="text-ink-soft">{`Tried ${attempts} time${attempts === 1 ? "" : "s"}. `}</span>}
      {remedy !== undefined && <span className="font-medium">{remedy}</span>}
      {obstacles.length > 0 && (
        <ul className="mt-0.5">
          {obstacles.map(({ host, hostId, code, sentence, remedy: way }) => (
            <li key={`${hostId} ${code}`}>
              <span className="font-medium">{host}</span>
              <span className="text-ink-soft">{`: ${[sentence, way].filter(Boolean).join(" ")}`}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
