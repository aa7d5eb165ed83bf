import type { ReactNode } from "react";
import type { Word } from "../words.ts";
import { Icon } from "./icon.tsx";

/** A state with its icon and its word. */
export function Badge({ of: { word, icon, tone }, filled = false }: { of: Word; filled?: boolean }): ReactNode {
  return (
    <span className="badge" data-tone={tone} data-filled={filled ? "" : undefined}>
      <Icon name={icon} />
      <span>{word}</span>
    </span>
  );
}

/** "alpha → beta", read out as "alpha to beta". */
export function Way({ source, destination }: { source: string; destination: string }): ReactNode {
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 text-ink-soft [overflow-wrap:anywhere]">
      <span>{source}</span>
      <Icon name="move" className="!size-3.5" />
      <span className="sr-only"> to </span>
      <span>{destination}</span>
    </span>
  );
}
