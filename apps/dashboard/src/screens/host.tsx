import type { Host } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { get } from "../api/api.ts";
import { bytes, exactly } from "../figures.ts";
import { HostActions } from "../host/actions.tsx";
import { HostLink } from "../host/link.tsx";
import { Marks } from "../host/marks.tsx";
import { isEnded } from "../live/cache.ts";
import { useGuests, useHosts, useMigrations } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Handles } from "../parts/copy.tsx";
import { EndedTable } from "../parts/ended-table.tsx";
import { GuestRows } from "../parts/guest-rows.tsx";
import { Empty, Figures, Section } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import { wordOfHost } from "../words.ts";
import { Failure } from "./failure.tsx";
import { RunningTable } from "./overview/running-table.tsx";

const endedAtMost = 20;

export function HostScreen(): ReactNode {
  const { name } = useParams({ from: "/hosts/$name" });
  const known = useHosts().find((host) => host.name === name || host.id === name);
  // The stream keeps every host; only one that it does not know is asked for.
  const asked = useQuery({
    queryKey: ["host", name],
    queryFn: async () => await get<Host>(`/v1/hosts/${encodeURIComponent(name)}`),
    enabled: known === undefined,
  });
  const host = known ?? asked.data;
  if (host === undefined)
    return asked.error === null ? (
      <p className="text-ink-soft">{`Reading ${name} …`}</p>
    ) : (
      <Failure error={asked.error} what="host" id={name} to="/hosts" />
    );
  return <Whole of={host} />;
}

function Whole({ of: host }: { of: Host }): ReactNode {
  const guests = useGuests().filter(({ hostId }) => hostId === host.id);
  const all = useMigrations().filter((each) => each.sourceId === host.id || each.destinationId === host.id);
  const underWay = all.filter((each) => !isEnded(each));
  const ended = all.filter(isEnded);
  const begun = underWay.filter(({ phase }) => phase !== "queued");
  return (
    <div className="grid gap-5">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="grid gap-1">
          <h1 className="flex items-center gap-3 text-xl leading-7 font-[650] tracking-[-0.01em]">
            {host.name}
            <span className="text-[13px] tracking-normal">
              <Badge of={wordOfHost(host)} filled />
            </span>
          </h1>
          <Handles id={host.id} path={`/v1/hosts/${host.name}`} command={`npx godwit host get ${host.name}`} />
        </div>
        <HostActions of={host} />
      </header>
      {host.state !== "connected" && <Gone of={host} />}
      <Marks of={host} />
      <section className="panel px-4 py-3" aria-label="Figures">
        <Figures
          className="grid-cols-4 max-md:grid-cols-2"
          of={[
            ["Free", bytes(host.freeBytes)],
            ["Leaving", `${begun.filter(({ sourceId }) => sourceId === host.id).length} of ${host.slots.outgoing}`],
            [
              "Entering",
              `${begun.filter(({ destinationId }) => destinationId === host.id).length} of ${host.slots.incoming}`,
            ],
            ["Seen", <Ago key="seen" at={host.lastSeenAt} />],
            ["Agent", host.agentVersion],
            ["Peers reach it at", host.peerEndpoint],
            ["Devices serve at", host.serviceAddress],
            ["Known since", exactly(Date.parse(host.createdAt))],
          ]}
        />
      </section>
      <HostLink of={host} begun={begun} />
      <Section title="Guests" aside={guests.length}>
        <div className="-mt-px">
          <GuestRows of={guests} host={host.name} />
        </div>
      </Section>
      <Section title="Under way" aside={underWay.length}>
        {underWay.length === 0 ? <Empty>Nothing leaves or enters it.</Empty> : <RunningTable of={underWay} />}
      </Section>
      <BackEnds of={host} />
      <Section
        title="Ended"
        aside={
          <Link className="link" to="/migrations" search={{ host: host.name }}>
            all of this host
          </Link>
        }
      >
        {ended.length === 0 ? (
          <Empty>No migration has left or entered it lately.</Empty>
        ) : (
          <EndedTable of={ended.slice(0, endedAtMost)} />
        )}
      </Section>
    </div>
  );
}

/** What a host that is not connected means, and what to do. */
function Gone({ of: { name, state, fenced, lastSeenAt } }: { of: Host }): ReactNode {
  return (
    <section aria-label="Not connected" className="panel grid gap-2 !border-warn px-4 py-3">
      <p className="text-pretty">
        {state === "fenced"
          ? `It was fenced by ${fenced?.by ?? "somebody"} at ${exactly(Date.parse(fenced?.at ?? lastSeenAt))}: ${fenced?.reason ?? ""}`
          : "Its agent is not connected. Its guests may run all the same: silence is not taken for death. Look at the host first; if it is proven dead, say so:"}
      </p>
      <code className="command">
        {state === "fenced"
          ? `npx godwit agent --name ${name} --server ${location.origin} --token-file <agent token>`
          : `npx godwit host fence ${name} --reason '…'`}
      </code>
    </section>
  );
}

function BackEnds({ of: { backends } }: { of: Host }): ReactNode {
  return (
    <Section title="Back ends" aside={backends.length}>
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Back ends">
        <table className="rows w-full min-w-[520px] table-fixed">
          <thead>
            <tr>
              {["Kind", "Version", "Writes format", "Reads formats", "Can"].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {backends.map(({ kind, version, format, can }) => (
              <tr key={kind}>
                <th scope="row" className="font-medium">
                  {kind}
                </th>
                <td>{version}</td>
                <td>{format.writes}</td>
                <td>{format.reads.join(", ")}</td>
                <td className="text-ink-soft">
                  {[
                    can.precopy === false ? "move only when stopped" : "move while running",
                    can.throttle === true && "be slowed down",
                  ]
                    .filter(Boolean)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
