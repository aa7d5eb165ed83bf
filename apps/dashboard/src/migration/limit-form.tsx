import type { Migration } from "@godwit/contract";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { ApiError, messageOf, patch } from "../api/api.ts";
import { put } from "../live/cache.ts";

/** What would help may be as little as a longer limit: until the switchover begins it can be given. */
export function LimitForm({ of: { id, limits, phase } }: { of: Migration }): ReactNode {
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  const [fieldId, saidId] = [useId(), useId()];
  const isLate = phase === "switchover" || phase === "unknown";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      put(await patch<Migration>(`/v1/migrations/${id}`, { limits: { downtimeLimitMs: Number(text) } }));
      setText("");
      setSaid("Changed.");
    } catch (error) {
      setSaid(error instanceof ApiError ? (error.problem.errors?.[0]?.detail ?? messageOf(error)) : messageOf(error));
    }
  };
  return (
    <details className="text-xs">
      <summary className="leading-5 text-ink-soft hover:text-ink">Change its downtime limit</summary>
      <form className="mt-1.5 flex flex-wrap items-center gap-2" onSubmit={(event) => void submit(event)}>
        <label className="label" htmlFor={fieldId}>
          New limit
        </label>
        <span className="relative block w-36">
          <input
            id={fieldId}
            className="control !h-7 !pr-9"
            type="number"
            placeholder={String(limits.downtimeLimitMs)}
            value={text}
            aria-describedby={saidId}
            disabled={isLate}
            onChange={({ target }) => setText(target.value)}
          />
          <span className="pointer-events-none absolute top-1 right-2.5 text-ink-soft">ms</span>
        </span>
        <button type="submit" className="button" disabled={text === "" || isLate}>
          Change
        </button>
        <span id={saidId} role="status" className="text-ink-soft">
          {isLate ? "The switchover has begun." : said}
        </span>
      </form>
    </details>
  );
}
