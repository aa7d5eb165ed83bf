import type { DrainCounts } from "@godwit/contract";
import type { ReactNode } from "react";
import { drainGuestStates } from "../words.ts";

const order = ["moved", "moving", "queued", "blocked", "skipped"] as const;

/** How many of its guests stand where, as a bar and in words. */
export function Progress({ of: counts }: { of: DrainCounts }): ReactNode {
  const all = order.reduce((sum, state) => sum + counts[state], 0);
  const parts = order.filter((state) => counts[state] > 0);
  return (
    <div className="min-w-0">
      <p className="truncate">
        <span className="font-semibold">{`${counts.moved} of ${all} moved`}</span>
        <span className="text-ink-soft">
          {parts
            .filter((state) => state !== "moved")
            .map((state) => `, ${counts[state]} ${drainGuestStates[state].word.toLowerCase()}`)
            .join("")}
        </span>
      </p>
      <div className="stand mt-1" aria-hidden="true">
        {parts.map((state) => (
          <span key={state} data-state={state} style={{ flexGrow: counts[state] }} />
        ))}
      </div>
    </div>
  );
}
