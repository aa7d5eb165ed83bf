import type { Drain } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { messageOf } from "../api/api.ts";
import { Progress } from "../drain/progress.tsx";
import { exactly, many, none, wait } from "../figures.ts";
import { useDrains } from "../live/hooks.ts";
import { Badge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { Empty } from "../parts/panel.tsx";
import { Ago } from "../parts/time.tsx";
import { drainPhases } from "../words.ts";

/** Hosts that are being emptied, and those that have been. */
export function DrainsScreen(): ReactNode {
  const { data: drains, error } = useDrains();
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Drains{" "}
          {drains !== undefined && (
            <span className="text-[13px] font-normal text-ink-soft">{many(drains.length, "drain")}</span>
          )}
        </h1>
        <Link className="button" to="/drains/new">
          <Icon name="plus" />
          Plan a drain
        </Link>
      </div>
      <div className="panel overflow-x-auto" tabIndex={0} role="group" aria-label="Drains">
        {error !== null && <p className="px-4 py-3 text-bad">{messageOf(error)}</p>}
        {drains?.length === 0 && (
          <Empty command="npx godwit drain <host> --dry-run">
            No host has been drained. What it would come to is told before anything moves:
          </Empty>
        )}
        {drains !== undefined && drains.length > 0 && <DrainTable of={drains} />}
      </div>
    </div>
  );
}

function DrainTable({ of: drains }: { of: Drain[] }): ReactNode {
  return (
    <table className="rows w-full min-w-[820px] table-fixed">
      <thead>
        <tr>
          {["Host", "State", "Guests", "Empty in", "Deadline", "Asked for"].map((name, place) => (
            <th key={name} scope="col" className={["w-[14%]", "w-[130px]", "", "w-[12%]", "w-[16%]", "w-[20%]"][place]}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {drains.map((drain) => (
          <tr key={drain.id}>
            <th scope="row">
              <Link className="link font-semibold [overflow-wrap:anywhere]" to="/drains/$id" params={{ id: drain.id }}>
                {drain.host}
              </Link>
            </th>
            <td>
              <Badge of={drainPhases[drain.phase]} />
            </td>
            <td>
              <Progress of={drain.counts} />
            </td>
            <td className="figure">{drain.endedAt !== undefined ? none : wait(drain.etaRangeMs)}</td>
            <td className="text-ink-soft">
              {drain.deadline === undefined ? "none" : exactly(Date.parse(drain.deadline))}
            </td>
            <td className="text-ink-soft">
              <Ago at={drain.createdAt} />
              {` by ${drain.by}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
