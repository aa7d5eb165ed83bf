import type { Drain } from "@godwit/contract";
import { type ReactNode, useId, useRef, useState } from "react";
import { messageOf, post } from "../api/api.ts";
import { putDrain } from "../live/cache.ts";

type Verb = "pause" | "resume" | "abort" | "bring-back";

/** What can be done about a drain. */
export function DrainActions({ of: drain }: { of: Drain }): ReactNode {
  const { id, host, phase, endedAt, counts } = drain;
  const [said, setSaid] = useState("");
  const [sending, setSending] = useState(false);
  const ask = async (verb: Verb) => {
    setSending(true);
    setSaid("");
    try {
      putDrain(await post<Drain>(`/v1/drains/${id}/${verb}`));
    } catch (error) {
      setSaid(messageOf(error));
    }
    setSending(false);
  };
  const isPaused = phase === "paused";
  const goesOn = endedAt === undefined && phase !== "aborting";
  return (
    <div className="grid justify-items-end gap-1 max-sm:justify-items-start">
      <div className="flex flex-wrap gap-2">
        {goesOn && (
          <button
            type="button"
            className="button"
            aria-label={isPaused ? `Let the drain of ${host} go on` : `Pause the drain of ${host}`}
            disabled={sending}
            onClick={() => void ask(isPaused ? "resume" : "pause")}
          >
            {isPaused ? "Let it go on" : "Pause"}
          </button>
        )}
        {goesOn && (
          <Asked
            button="Abort"
            label={`Abort the drain of ${host}`}
            title={`Abort the drain of ${host}?`}
            text={`What is moving is called off, and nothing more is moved. What has moved stays where it is, and ${host} can be migrated to again.`}
            agree="Abort it"
            off={sending}
            agreed={() => void ask("abort")}
          />
        )}
        {endedAt !== undefined && counts.moved > 0 && phase !== "returned" && (
          <Asked
            button="Bring back"
            label={`Bring the guests of ${host} back`}
            title={`Bring the guests of ${host} back?`}
            text={`Those that this drain has moved are moved back to ${host}, by the same limits.`}
            agree="Bring them back"
            off={sending}
            agreed={() => void ask("bring-back")}
          />
        )}
      </div>
      <p role="status" className="min-h-[18px] text-xs text-bad">
        {said}
      </p>
    </div>
  );
}

/** Takes one guest out of the drain, which then can end without it. */
export function ContinueWithout({ drainId, guest }: { drainId: string; guest: string }): ReactNode {
  const [said, setSaid] = useState("");
  const leave = async () => {
    try {
      putDrain(await post<Drain>(`/v1/drains/${drainId}/guests/${encodeURIComponent(guest)}/skip`));
    } catch (error) {
      setSaid(messageOf(error));
    }
  };
  return (
    <span className="mt-1 flex flex-wrap items-center gap-2">
      <button type="button" className="button" onClick={() => void leave()}>
        Continue without {guest}
      </button>
      <span role="status" className="text-bad">
        {said}
      </span>
    </span>
  );
}

function Asked({
  button,
  label,
  title,
  text,
  agree,
  off,
  agreed,
}: {
  button: string;
  label: string;
  title: string;
  text: string;
  agree: string;
  off: boolean;
  agreed: () => void;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [headingId, textId] = [useId(), useId()];
  return (
    <>
      <button
        type="button"
        className="button"
        aria-label={label}
        disabled={off}
        onClick={() => dialog.current?.showModal()}
      >
        {button}
      </button>
      <dialog ref={dialog} aria-labelledby={headingId} aria-describedby={textId} className="dialog">
        <h2 id={headingId} className="text-[15px] font-[650]">
          {title}
        </h2>
        <p id={textId} className="mt-2 mb-3.5 text-pretty text-ink-soft">
          {text}
        </p>
        <div className="flex justify-end gap-2">
          <button type="button" className="button" autoFocus onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button
            type="button"
            className="button"
            data-kind="grave"
            onClick={() => {
              dialog.current?.close();
              agreed();
            }}
          >
            {agree}
          </button>
        </div>
      </dialog>
    </>
  );
}
