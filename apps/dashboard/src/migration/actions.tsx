import type { Migration } from "@godwit/contract";
import { type ReactNode, useId, useRef, useState } from "react";
import { messageOf, post } from "../api/api.ts";
import { duration, limit, range } from "../figures.ts";
import { isEnded, put } from "../live/cache.ts";

const begun = "The switchover has begun; it ends on one side or the other.";
const early = "It can be switched over once it is in precopy.";

/** What can be done about a migration until its switchover begins. What cannot be done stays, and it is said why. */
export function Actions({ of: migration }: { of: Migration }): ReactNode {
  const { id, guest, phase, limits } = migration;
  const [asked, setAsked] = useState<string>();
  const [said, setSaid] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  const noteId = useId();
  if (isEnded(migration)) return null;

  const ask = async (what: string, meanwhile: string, path: string, body?: unknown) => {
    setAsked(what);
    setSaid(meanwhile);
    try {
      put(await post<Migration>(`/v1/migrations/${id}/${path}`, body));
      setSaid(what === "hold" ? "" : meanwhile);
      // Cancelling comes about later; it cannot be asked for twice.
      if (what !== "cancel") setAsked(undefined);
    } catch (error) {
      setSaid(messageOf(error));
      setAsked(undefined);
    }
  };
  const isLate = phase === "switchover" || phase === "unknown";
  const late = isLate ? begun : undefined;
  const why = { hold: late, now: late ?? (phase === "precopy" ? undefined : early), cancel: late };
  const isOff = (what: keyof typeof why) => why[what] !== undefined || asked === what;
  const hold = () => void ask("hold", limits.hold ? "Letting go …" : "Holding …", "hold", { hold: !limits.hold });
  const deed = (what: keyof typeof why) => ({ why: why[what], off: isOff(what), noteId });
  return (
    <div className="grid justify-items-end gap-1 max-sm:justify-items-start">
      <div className="flex flex-wrap gap-2">
        <Deed {...deed("hold")} label={limits.hold ? `Let go of ${guest}` : `Hold ${guest} at the brink`} act={hold}>
          {limits.hold ? "Let go" : "Hold"}
        </Deed>
        <Deed {...deed("now")} label={`Switch over now: ${guest}`} act={() => dialog.current?.showModal()}>
          Switch over now
        </Deed>
        <Deed
          {...deed("cancel")}
          label={`Cancel the migration of ${guest}`}
          act={() => void ask("cancel", "Cancelling …", "cancel")}
        >
          Cancel
        </Deed>
      </div>
      <p id={noteId} role="status" className="min-h-[18px] text-xs text-ink-soft">
        {late ?? (said === "" && phase !== "precopy" ? early : said)}
      </p>
      <SwitchoverDialog
        ref={dialog}
        of={migration}
        agreed={() => void ask("now", "Switching over …", "switchover", { at: "now" })}
      />
    </div>
  );
}

function Deed({
  label,
  why,
  off,
  noteId,
  act,
  children,
}: {
  label: string;
  why: string | undefined;
  off: boolean;
  noteId: string;
  act: () => void;
  children: string;
}): ReactNode {
  return (
    <button
      type="button"
      className="button min-w-[76px]"
      aria-label={label}
      aria-describedby={noteId}
      title={why}
      disabled={off}
      onClick={act}
    >
      {children}
    </button>
  );
}

/** Asks before a switchover that takes the downtime as it comes, with the figures as they are at that moment. The safe answer has the focus. */
function SwitchoverDialog({
  ref,
  of: { guest, phase, predictedDowntimeMs: ms, predictedDowntimeRangeMs: band, limits },
  agreed,
}: {
  ref: React.RefObject<HTMLDialogElement | null>;
  of: Migration;
  agreed: () => void;
}): ReactNode {
  const [headingId, figuresId] = [useId(), useId()];
  const close = () => ref.current?.close();
  const downtime =
    ms === undefined ? "not known yet" : `${duration(ms)}${band === undefined ? "" : `, likely ${range(band)}`}`;
  return (
    <dialog ref={ref} aria-labelledby={headingId} aria-describedby={figuresId} className="dialog">
      <h2 id={headingId} className="text-[15px] font-[650]">{`Switch over ${guest} now?`}</h2>
      <p id={figuresId} className="mt-2 mb-3.5 min-h-[60px] text-ink-soft">
        {`The predicted downtime is ${downtime}; the limit is ${limit(limits.downtimeLimitMs)}. It is taken as it comes, and cannot be taken back.`}
      </p>
      <div className="flex justify-end gap-2">
        <button type="button" className="button" autoFocus onClick={close}>
          Not now
        </button>
        <button
          type="button"
          className="button"
          data-kind="grave"
          disabled={phase !== "precopy"}
          onClick={() => {
            close();
            agreed();
          }}
        >
          Switch over
        </button>
      </div>
    </dialog>
  );
}
