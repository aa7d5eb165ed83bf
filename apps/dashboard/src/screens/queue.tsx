import type { Ledger, Queue } from "@godwit/contract";
import type { ReactNode } from "react";
import { messageOf } from "../api/api.ts";
import { many } from "../figures.ts";
import { keys } from "../live/cache.ts";
import { useAgain } from "../live/hooks.ts";
import { LedgerTable } from "../queue/ledger-table.tsx";
import { PauseQueue, Paused } from "../queue/pause.tsx";
import { SlotTable } from "../queue/slot-table.tsx";
import { Waiting } from "../queue/waiting.tsx";
import { Section } from "../parts/panel.tsx";

/** What waits, for what and for how long yet; what there is for it; and who has how much of which link. */
export function QueueScreen(): ReactNode {
  const { data: queue, error } = useAgain<Queue>(keys.queue, "/v1/queue");
  const { data: ledger, error: ledgerError } = useAgain<Ledger>(keys.ledger, "/v1/ledger");
  if (queue === undefined)
    return error === null ? <p className="text-ink-soft">Reading the queue …</p> : <Unread what="queue" why={error} />;
  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl leading-7 font-[650] tracking-[-0.01em]">
          Queue{" "}
          <span className="text-[13px] font-normal text-ink-soft">{`${many(queue.items.length, "migration")} waiting`}</span>
        </h1>
        <PauseQueue of={queue} />
      </div>
      <Unread what="queue" why={error} />
      {queue.paused !== undefined && <Paused of={queue.paused} />}
      <Waiting of={queue.items} />
      <Section title="Slots" aside="migrations that may be under way at a time">
        <SlotTable of={queue} />
      </Section>
      <Section title="Links" aside="what each migration keeps whatever else starts, and what it may take now">
        <Unread what="ledger" why={ledgerError} className="px-4 py-3" />
        {ledger !== undefined && <LedgerTable of={ledger} />}
        {ledger === undefined && ledgerError === null && (
          <p className="px-4 py-3 text-ink-soft">Reading the ledger …</p>
        )}
      </Section>
    </div>
  );
}

/** What is shown of it is then older than the rest. */
function Unread({ what, why, className = "" }: { what: string; why: Error | null; className?: string }): ReactNode {
  if (why === null) return null;
  return <p className={`text-bad ${className}`}>{`The ${what} could not be read: ${messageOf(why)}`}</p>;
}
