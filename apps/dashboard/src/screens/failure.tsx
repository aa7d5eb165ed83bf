import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ApiError, messageOf } from "../api/api.ts";

/** Where something is not there or could not be read: what happened and what to do. */
export function Failure({ error, what, id, to }: { error: unknown; what: string; id: string; to: string }): ReactNode {
  const isMissing = error instanceof ApiError && [400, 404].includes(error.problem.status);
  return (
    <section className="mx-auto mt-[8vh] grid max-w-[560px] gap-3">
      <h1 className="text-[22px] leading-7 font-[650] tracking-[-0.015em]">
        {isMissing ? `There is no such ${what}` : `The ${what} could not be read`}
      </h1>
      <p className="text-[15px] leading-[22px] text-ink-soft">
        {isMissing
          ? `Nothing is known of “${id}”: the address may be cut short, or it has been removed since.`
          : messageOf(error)}
      </p>
      <p>
        <Link className="button" to={to}>{`To the ${what}s`}</Link>
      </p>
    </section>
  );
}
