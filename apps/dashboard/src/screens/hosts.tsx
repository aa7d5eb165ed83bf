import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, many, rate } from "../figures.ts";
import { useHosts, useUnderWay } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Empty } from "../parts/panel.tsx";
import { Facet } from "../parts/facet.tsx";
import { Ago } from "../parts/time.tsx";
import { hostStates, wordOfHost } from "../words.ts";

const columns = ["Host", "State", "Guests", "Leaving", "Entering", "Link", "Free", "Agent", "Seen"];

export function HostsScreen(): ReactNode {
  const all = useHosts();
  const { state } = useSearch({ from: "/hosts" });
  const begun = useUnderWay().filter(({ phase }) => phase !== "queued");
  const hosts = all.filter((host) => state === undefined || host.state === state);
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Hosts <span className="text-[13px] font-normal text-ink-soft">{many(hosts.length, "host")}</span>
        </h1>
        <Facet name="state" label="State" options={Object.keys(hostStates)} value={state} />
      </div>
      <div className="panel overflow-x-auto" tabIndex={0} role="group" aria-label="Hosts">
        {hosts.length === 0 ? (
          <Empty command={`npx godwit agent --name alpha --server ${location.origin} --token-file <agent token>`}>
            {all.length === 0
              ? "No agent has connected yet. On a host, run:"
              : "No host is in this state. Another one joins by:"}
          </Empty>
        ) : (
          <table className="rows w-full min-w-[820px] table-fixed">
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {hosts.map((host) => (
                <tr key={host.id}>
                  <th scope="row">
                    <Link
                      className="link font-semibold [overflow-wrap:anywhere]"
                      to="/hosts/$name"
                      params={{ name: host.name }}
                    >
                      {host.name}
                    </Link>
                  </th>
                  <td>
                    <Badge of={wordOfHost(host)} />
                  </td>
                  <td className="figure">{host.guests}</td>
                  <td className="figure">{`${begun.filter(({ sourceId }) => sourceId === host.id).length} of ${host.slots.outgoing}`}</td>
                  <td className="figure">{`${begun.filter(({ destinationId }) => destinationId === host.id).length} of ${host.slots.incoming}`}</td>
                  <td className="figure">
                    {host.linkBytesPerSec === undefined ? "no limit" : rate(host.linkBytesPerSec)}
                  </td>
                  <td className="figure">{bytes(host.freeBytes)}</td>
                  <td className="truncate text-ink-soft">{host.agentVersion}</td>
                  <td className="whitespace-nowrap text-ink-soft">
                    <Ago at={host.lastSeenAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}
