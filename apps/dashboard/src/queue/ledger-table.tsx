import type { Ledger, LinkFlow, LinkLedger } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { none, rate } from "../figures.ts";

const stages: Record<LinkFlow["stage"], string> = {
  preparing: "in preparation",
  moving: "in precopy",
  switching: "in its switchover",
};

/** A line for each direction of each host's link, with what the migrations on it have of it. */
export function LedgerTable({ of: { hosts, cluster } }: { of: Ledger }): ReactNode {
  const lines: { key: string; host: string | undefined; way: string; link: LinkLedger }[] = [
    ...hosts.flatMap(({ host, hostId, outgoing, incoming }) => [
      { key: `${hostId} out`, host, way: "out", link: outgoing },
      { key: `${hostId} in`, host, way: "in", link: incoming },
    ]),
    { key: "all", host: undefined, way: "", link: cluster },
  ];
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Links">
      <table className="rows w-full min-w-[760px] table-fixed">
        <thead>
          <tr>
            {["Link", "Budget", "Kept for them", "May be taken now", "By"].map((name, place) => (
              <th key={name} scope="col" className={["w-[17%]", "w-[14%]", "w-[14%]", "w-[22%]", ""][place]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ key, host, way, link }) => (
            <tr key={key}>
              <th scope="row">
                {host === undefined ? (
                  <span className="text-ink-soft">All hosts together</span>
                ) : (
                  <>
                    <Link
                      className="link font-semibold [overflow-wrap:anywhere]"
                      to="/hosts/$name"
                      params={{ name: host }}
                    >
                      {host}
                    </Link>{" "}
                    <span className="text-ink-soft">{way}</span>
                  </>
                )}
              </th>
              <td className="figure">
                {link.budgetBytesPerSec === undefined ? "no limit" : rate(link.budgetBytesPerSec)}
              </td>
              <td className="figure">{rate(link.guaranteedBytesPerSec)}</td>
              <td>
                <span className="figure">{rate(link.grantedBytesPerSec)}</span>
                <Taken of={link} />
              </td>
              <td>
                <Flows of={link.migrations} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is taken of the budget; nothing is drawn where there is none. */
function Taken({ of: { budgetBytesPerSec: budget, grantedBytesPerSec: granted } }: { of: LinkLedger }): ReactNode {
  if (budget === undefined || budget === 0) return null;
  return (
    <span className="slots mt-1" aria-hidden="true" data-full={granted > budget ? "" : undefined}>
      <span>
        <span data-taken="" style={{ width: `${Math.min(100, (100 * granted) / budget)}%` }} />
      </span>
    </span>
  );
}

function Flows({ of: flows }: { of: LinkFlow[] }): ReactNode {
  if (flows.length === 0) return <span className="text-ink-soft">nothing</span>;
  return (
    <ul>
      {flows.map(({ migrationId: id, guest, stage, grantedBytesPerSec, guaranteedBytesPerSec }) => (
        <li key={id} className="[overflow-wrap:anywhere]">
          <Link className="link" to="/migrations/$id" params={{ id }}>
            {guest}
          </Link>{" "}
          <span className="text-ink-soft">
            {`${stages[stage]}, ${grantedBytesPerSec === undefined ? "as much as there is" : `up to ${rate(grantedBytesPerSec)}`}, ${
              guaranteedBytesPerSec === 0 ? `${none} kept` : `${rate(guaranteedBytesPerSec)} kept`
            }`}
          </span>
        </li>
      ))}
    </ul>
  );
}
