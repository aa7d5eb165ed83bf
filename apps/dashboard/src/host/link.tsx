import type { Host, Migration } from "@godwit/contract";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { messageOf, patch, wrongAt } from "../api/api.ts";
import { rate } from "../figures.ts";
import { putHost } from "../live/cache.ts";
import { Section } from "../parts/panel.tsx";
import { TextField } from "../parts/fields.tsx";

const mega = 1_000_000;

/** What migrations take of the host's link in each direction, what they may take, and the form that changes that. */
export function HostLink({ of: host, begun }: { of: Host; begun: Migration[] }): ReactNode {
  const { id, linkBudget, linkBytesPerSec } = host;
  const out = used(begun.filter(({ sourceId }) => sourceId === id));
  const into = used(begun.filter(({ destinationId }) => destinationId === id));
  return (
    <Section
      title="Link"
      aside={
        linkBytesPerSec === undefined ? "its agent names no limit" : `at most ${rate(linkBytesPerSec)} by its agent`
      }
    >
      <div className="grid grid-cols-2 gap-x-6 gap-y-2 px-4 py-3 max-sm:grid-cols-1">
        <Direction name="Out" used={out} budget={linkBudget.outBytesPerSec} />
        <Direction name="In" used={into} budget={linkBudget.inBytesPerSec} />
      </div>
      <BudgetForm key={JSON.stringify(linkBudget)} of={host} />
    </Section>
  );
}

function Direction({
  name,
  used: taken,
  budget,
}: {
  name: string;
  used: number;
  budget: number | undefined;
}): ReactNode {
  return (
    <div>
      <p>
        <span className="label">{name} </span>
        <span className="figure">{rate(taken)}</span>
        <span className="text-ink-soft">{budget === undefined ? " of no limit" : ` of ${rate(budget)}`}</span>
      </p>
      {budget !== undefined && (
        <span className="slots mt-1 !max-w-none" aria-hidden="true">
          <span>
            <span data-taken="" style={{ width: `${Math.min(100, (100 * taken) / budget)}%` }} />
          </span>
        </span>
      )}
    </div>
  );
}

function BudgetForm({ of: { id, linkBudget } }: { of: Host }): ReactNode {
  const before = { out: textOf(linkBudget.outBytesPerSec), into: textOf(linkBudget.inBytesPerSec) };
  const [out, setOut] = useState(before.out);
  const [into, setInto] = useState(before.into);
  const [error, setError] = useState<unknown>();
  const saidId = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      // What was not touched stays as it is: it may be the agent's word and nobody's setting.
      const budget = {
        ...(out === before.out ? {} : { outBytesPerSec: bytesOf(out) }),
        ...(into === before.into ? {} : { inBytesPerSec: bytesOf(into) }),
      };
      putHost(await patch<Host>(`/v1/hosts/${id}`, { linkBudget: budget }));
      setError(undefined);
    } catch (refusal) {
      setError(refusal);
    }
  };
  const field = (label: string, name: string, value: string, set: (text: string) => void) => (
    <div className="w-44">
      <TextField
        label={label}
        type="number"
        unit="MB/s"
        placeholder="as its agent says"
        value={value}
        set={set}
        wrong={wrongAt(error, `/linkBudget/${name}`)}
      />
    </div>
  );
  return (
    <details className="border-t border-line px-4 py-2 text-xs">
      <summary className="leading-5 text-ink-soft hover:text-ink">Change its link budget</summary>
      <form
        className="mt-1.5 flex flex-wrap items-end gap-3"
        aria-describedby={saidId}
        onSubmit={(event) => void submit(event)}
      >
        {field("All that leave together", "outBytesPerSec", out, setOut)}
        {field("All that enter together", "inBytesPerSec", into, setInto)}
        <button type="submit" className="button !min-h-8">
          Change
        </button>
        <span id={saidId} role="status" className="text-bad">
          {error !== undefined && messageOf(error)}
        </span>
      </form>
    </details>
  );
}

function textOf(bytesPerSec: number | undefined): string {
  return bytesPerSec === undefined ? "" : String(bytesPerSec / mega);
}

/** An empty field leaves it to what the agent says. */
function bytesOf(text: string): number | null {
  return text.trim() === "" ? null : Math.round(Number(text) * mega);
}

/** What they take together, as far as it has been measured. */
function used(migrations: Migration[]): number {
  return migrations.reduce((sum, { bandwidthBytesPerSec = 0 }) => sum + bandwidthBytesPerSec, 0);
}
