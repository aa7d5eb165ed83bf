import type { ErrorComponentProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { messageOf } from "../api/api.ts";

/** Instead of a screen that broke or could not be fetched: what happened and what to do. */
export function Unloaded({ error }: ErrorComponentProps): ReactNode {
  useEffect(() => console.error(error), [error]);
  return (
    <section className="mx-auto mt-[8vh] grid max-w-[560px] gap-3">
      <h1 className="text-[22px] leading-7 font-[650] tracking-[-0.015em]">This screen could not be shown</h1>
      <p className="text-[15px] leading-[22px] text-ink-soft">
        The orchestrator may be of another version than this page by now, or may not answer. Nothing that runs depends
        on the page.
      </p>
      <code className="command">{messageOf(error)}</code>
      <p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </p>
    </section>
  );
}
