import { type FormEvent, type ReactNode, useId, useRef, useState } from "react";

interface DialogParts {
  /** What opens it, and for whoever listens what it is about where that is not the same. */
  button: string;
  label?: string;
  title: string;
  text: string;
  agree: string;
  kind?: "grave" | "main";
  off?: boolean;
  agreed: (reason: string | undefined) => void;
}

/** Asks before something that others will ask about, and why. The reason may be left out. */
export function ReasonDialog({
  button,
  label = button,
  title,
  text,
  agree,
  kind,
  off,
  agreed,
}: DialogParts): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [headingId, textId, fieldId] = [useId(), useId(), useId()];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    dialog.current?.close();
    agreed(reason.trim() === "" ? undefined : reason.trim());
    setReason("");
  };
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
        <form onSubmit={submit}>
          <h2 id={headingId} className="text-[15px] font-[650]">
            {title}
          </h2>
          <p id={textId} className="mt-2 mb-3 text-pretty text-ink-soft">
            {text}
          </p>
          <label className="label mb-1 block" htmlFor={fieldId}>
            Why, for whoever looks at it later
          </label>
          <input
            id={fieldId}
            className="control mb-3.5"
            maxLength={500}
            autoComplete="off"
            autoFocus
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
          <div className="flex justify-end gap-2">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Not now
            </button>
            <button type="submit" className="button" data-kind={kind}>
              {agree}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
