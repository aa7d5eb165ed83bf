import type { HostMark } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "./icon.tsx";
import { Ago } from "./time.tsx";

/** That somebody has set something apart: who, when, why, and what that means. */
export function Mark({
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
