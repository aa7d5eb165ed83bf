import type { Queue, Slots } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** So many are drawn one by one; more as one bar. */
const piecesAtMost = 12;

/** What is taken of what there is, of each host and of all together. */
export function SlotTable({ of: { cluster, hosts } }: { of: Queue }): ReactNode {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Slots">
      <table className="rows w-full min-w-[560px] table-fixed">
        <thead>
          <tr>
            {["Host", "In preparation", "Leaving", "Entering"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hosts.map(({ host, hostId, preparing, outgoing, incoming }) => (
            <tr key={hostId}>
              <th scope="row">
                <Link className="link font-semibold [overflow-wrap:anywhere]" to="/hosts/$name" params={{ name: host }}>
                  {host}
                </Link>
              </th>
              <Bar of={preparing} />
              <Bar of={outgoing} />
              <Bar of={incoming} />
            </tr>
          ))}
          <tr>
            <th scope="row" className="text-ink-soft">
              All hosts together
            </th>
            <Bar of={cluster.preparing} />
            <td colSpan={2}>
              <Gauge of={cluster.moving} what="under way" />
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Bar({ of: slots }: { of: Slots }): ReactNode {
  return (
    <td>
      <Gauge of={slots} />
    </td>
  );
}

/** A piece for each slot, and both figures in words. */
function Gauge({ of: { used, of: all }, what }: { of: Slots; what?: string }): ReactNode {
  const isCounted = all <= piecesAtMost;
  const pieces = isCounted ? Array.from({ length: all }, (_, place) => place < used) : [];
  return (
    <div className="flex items-center gap-2.5">
      <span className="figure min-w-[54px]">{`${used} of ${all}`}</span>
      <span className="slots" aria-hidden="true" data-full={used >= all ? "" : undefined}>
        {isCounted ? (
          // Slots are alike, and stand where they stand.
          // oxlint-disable-next-line react/no-array-index-key
          pieces.map((isTaken, place) => <span key={place} data-taken={isTaken ? "" : undefined} />)
        ) : (
          <span>
            <span data-taken="" style={{ width: `${(100 * Math.min(used, all)) / all}%` }} />
          </span>
        )}
      </span>
      {what !== undefined && <span className="text-ink-soft">{what}</span>}
    </div>
  );
}
