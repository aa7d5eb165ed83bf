import type { MigrationPolicy } from "@godwit/contract";
import { type ReactNode, useId, useRef } from "react";
import { messageOf, remove } from "../api/api.ts";
import { cache, keys } from "../live/cache.ts";
import { pathOf, readPolicy } from "./policy-form.tsx";

/** Asks first. The safe answer has the focus. */
export function RemovePolicy({
  of: { id, name, version },
  say,
}: {
  of: MigrationPolicy;
  say: (text: string) => void;
}): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [headingId, textId] = [useId(), useId()];
  const agreed = async () => {
    dialog.current?.close();
    try {
      const { policy, etag } = await readPolicy(id);
      if (policy.version !== version) {
        say(`${name} has been changed meanwhile: look at it again first.`);
      } else {
        await remove(pathOf(id), { "if-match": etag });
        say(`${name} is removed.`);
      }
      await cache.invalidateQueries({ queryKey: keys.policies });
    } catch (error) {
      say(messageOf(error));
    }
  };
  return (
    <>
      <button
        type="button"
        className="button"
        aria-label={`Remove ${name}`}
        onClick={() => dialog.current?.showModal()}
      >
        Remove
      </button>
      <dialog ref={dialog} aria-labelledby={headingId} aria-describedby={textId} className="dialog">
        <h2 id={headingId} className="text-[15px] font-[650]">{`Remove the policy ${name}?`}</h2>
        <p id={textId} className="mt-2 mb-3.5 text-ink-soft">
          Migrations under way keep the limits that they have from it. No new one can follow it.
        </p>
        <div className="flex justify-end gap-2">
          <button type="button" className="button" autoFocus onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" className="button" data-kind="grave" onClick={() => void agreed()}>
            Remove it
          </button>
        </div>
      </dialog>
    </>
  );
}
