import type { ReactNode } from "react";
import { ago, exactly } from "../figures.ts";
import { useNow } from "../live/hooks.ts";

/** A time as long ago as it was; the absolute one on hover. */
export function Ago({ at }: { at: string }): ReactNode {
  const now = useNow();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={exactly(ms)}>
      {ago(now - ms)}
    </time>
  );
}
