import type { Queue } from "@godwit/contract";
import { type ReactNode, useState } from "react";
import { messageOf, post } from "../api/api.ts";
import { cache, keys } from "../live/cache.ts";
import { Mark } from "../parts/mark.tsx";
import { ReasonDialog } from "../parts/reason-dialog.tsx";

/** Nothing starts while the scheduler is paused. Whoever pauses it may say why. */
export function PauseQueue({ of: { paused } }: { of: Queue }): ReactNode {
  const [said, setSaid] = useState("");
  const [sending, setSending] = useState(false);
  const ask = async (verb: "pause" | "resume", reason?: string) => {
    setSending(true);
    setSaid("");
    try {
      cache.setQueryData<Queue>(keys.queue, await post<Queue>(`/v1/queue/${verb}`, reason && { reason }));
    } catch (error) {
      setSaid(messageOf(error));
    }
    setSending(false);
  };
  return (
    <div className="flex flex-wrap items-center gap-3">
      {paused === undefined ? (
        <ReasonDialog
          button="Pause the scheduler"
          title="Pause the scheduler?"
          text="Nothing that waits is started until it goes on. What is under way goes on."
          agree="Pause it"
          off={sending}
          agreed={(reason) => void ask("pause", reason)}
        />
      ) : (
        <button type="button" className="button" data-kind="main" disabled={sending} onClick={() => void ask("resume")}>
          Let the scheduler go on
        </button>
      )}
      <p role="status" className="text-bad empty:-ml-3">
        {said}
      </p>
    </div>
  );
}

export function Paused({ of: mark }: { of: NonNullable<Queue["paused"]> }): ReactNode {
  return (
    <section aria-label="Paused" className="panel !border-warn px-4 py-3">
      <Mark of={mark} what="The scheduler is paused" means="Nothing starts; what is under way goes on." />
    </section>
  );
}
