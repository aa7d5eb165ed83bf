import type { Host } from "@godwit/contract";
import type { ReactNode } from "react";
import { Mark } from "../parts/mark.tsx";

/** That somebody has set it apart. */
export function Marks({ of: { cordoned, paused } }: { of: Host }): ReactNode {
  if (cordoned === undefined && paused === undefined) return null;
  return (
    <section aria-label="Set apart" className="panel grid gap-1.5 !border-warn px-4 py-3">
      {cordoned !== undefined && <Mark of={cordoned} what="Cordoned" means="No migration is started to it." />}
      {paused !== undefined && <Mark of={paused} what="Paused" means="No migration is started to it or from it." />}
    </section>
  );
}
