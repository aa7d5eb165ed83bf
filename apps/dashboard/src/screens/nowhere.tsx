import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function NowhereScreen(): ReactNode {
  return (
    <section className="mx-auto mt-[8vh] grid max-w-[560px] gap-3">
      <h1 className="text-[22px] leading-7 font-[650]">There is no such screen</h1>
      <p className="text-[15px] leading-[22px] text-ink-soft">The address leads nowhere; it may be cut short.</p>
      <p>
        <Link className="button" to="/">
          To the overview
        </Link>
      </p>
    </section>
  );
}
