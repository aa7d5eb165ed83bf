import type { Host, HostMark } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "../parts/icon.tsx";
import { Ago } from "../parts/time.tsx";

/** That somebody has set it apart: who, when, why, and what that means. */
export function Marks({ of: { cordoned, paused } }: { of: Host }): ReactNode {
  if (cordoned === undefined && paused === undefined) return null;
  return (
    <section aria-label="Set apart" className="panel grid gap-1.5 !border-warn px-4 py-3">
      {cordoned !== undefined && <Mark of={cordoned} what="Cordoned" means="No migration is started to it." />}
      {paused !== undefined && <Mark of={paused} what="Paused" means="No migration is started to it or from it." />}
    </section>
  );
}

function Mark({
  of: { at, by, reason, drainId },
  what,
  means,
}: {
  of: HostMark;
  what: string;
  means: string;
}): ReactNode {
  return (
    <p className="flex items-baseline gap-2">
      <Icon name="alert" className="self-center text-warn" />
      <span className="text-pretty">
        <strong className="font-semibold">{what}</strong>
        {` by ${by}, `}
        <Ago at={at} />
        {reason === undefined ? ". " : `: ${reason.replace(/[.]?$/, ".")} `}
        {means}{" "}
        {drainId !== undefined && (
          <Link className="link" to="/drains/$id" params={{ id: drainId }}>
            See its drain
          </Link>
        )}
      </span>
    </p>
  );
}
