import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, many, rate } from "../../figures.ts";
import { useGuests, useHosts, useUnderWay } from "../../live/hooks.ts";
import { Badge } from "../../parts/badge.tsx";
import { Empty, Figures } from "../../parts/panel.tsx";
import { GuestRows } from "../../parts/guest-rows.tsx";
import { Ago } from "../../parts/time.tsx";
import { wordOfHost } from "../../words.ts";

const guestsAtMost = 8;
const hostsAtMost = 24;

/** What is where. */
export function HostGrid(): ReactNode {
  const [hosts, guests] = [useHosts(), useGuests()];
  const begun = useUnderWay().filter(({ phase }) => phase !== "queued");
  if (hosts.length === 0) {
    return (
      <div className="panel">
        <Empty command={`npx godwit agent --name alpha --server ${location.origin} --token-file <agent token>`}>
          No agent has connected yet. On a host, run:
        </Empty>
      </div>
    );
  }
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(min(340px,100%),1fr))] items-start gap-3">
      {hosts.slice(0, hostsAtMost).map((host) => {
        const here = guests.filter(({ hostId }) => hostId === host.id);
        const leaving = begun.filter(({ sourceId }) => sourceId === host.id).length;
        const entering = begun.filter(({ destinationId }) => destinationId === host.id).length;
        return (
          <article key={host.id} className="panel" aria-label={host.name}>
            <header className="flex flex-wrap items-center gap-x-2 px-4 pt-2.5">
              <h3 className="min-w-0 text-[15px] font-[650] break-words">
                <Link className="quiet-link" to="/hosts/$name" params={{ name: host.name }}>
                  {host.name}
                </Link>
              </h3>
              <span className="whitespace-nowrap text-ink-soft">
                {many(here.length, "guest")}
                {host.state !== "connected" && (
                  <>
                    , seen <Ago at={host.lastSeenAt} />
                  </>
                )}
              </span>
              <span className="ml-auto">
                <Badge of={wordOfHost(host)} />
              </span>
            </header>
            <Figures
              className="grid-cols-4 px-4 pt-1.5 pb-2.5"
              of={[
                ["Link", host.linkBytesPerSec === undefined ? "no limit" : rate(host.linkBytesPerSec)],
                ["Free", bytes(host.freeBytes)],
                ["Leaving", `${leaving} of ${host.slots.outgoing}`],
                ["Entering", `${entering} of ${host.slots.incoming}`],
              ]}
            />
            {/* The command that makes the first one; not one in every host that has none. */}
            <GuestRows of={here.slice(0, guestsAtMost)} {...(guests.length === 0 ? { host: host.name } : {})} />
            {here.length > guestsAtMost && (
              <p className="border-t border-line px-4 py-2 text-ink-soft">
                <Link className="link" to="/hosts/$name" params={{ name: host.name }}>
                  {`and ${here.length - guestsAtMost} more`}
                </Link>
              </p>
            )}
          </article>
        );
      })}
      {hosts.length > hostsAtMost && (
        <p className="self-center px-4">
          <Link className="link" to="/hosts">{`and ${hosts.length - hostsAtMost} more hosts`}</Link>
        </p>
      )}
    </div>
  );
}
