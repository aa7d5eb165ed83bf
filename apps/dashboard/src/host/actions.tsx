import type { Host } from "@godwit/contract";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { messageOf, post } from "../api/api.ts";
import { putHost } from "../live/cache.ts";
import { ReasonDialog } from "../parts/reason-dialog.tsx";

/** What can be done to a host. Each is taken back by the button that then stands in its place. */
export function HostActions({ of: host }: { of: Host }): ReactNode {
  const { name, cordoned, paused } = host;
  const [said, setSaid] = useState("");
  const [sending, setSending] = useState(false);
  const ask = async (verb: "cordon" | "uncordon" | "pause" | "resume", reason?: string) => {
    setSending(true);
    setSaid("");
    try {
      putHost(await post<Host>(`/v1/hosts/${host.id}/${verb}`, reason === undefined ? {} : { reason }));
    } catch (error) {
      setSaid(messageOf(error));
    }
    setSending(false);
  };
  return (
    <div className="grid justify-items-end gap-1 max-sm:justify-items-start">
      <div className="flex flex-wrap gap-2">
        {cordoned === undefined ? (
          <ReasonDialog
            button="Cordon"
            label={`Cordon ${name}`}
            title={`Cordon ${name}?`}
            text="No migration is started to it from then on. What is under way goes on, and what leaves it may."
            agree="Cordon it"
            off={sending}
            agreed={(reason) => void ask("cordon", reason)}
          />
        ) : (
          <Undo label={`Uncordon ${name}`} off={sending} act={() => void ask("uncordon")}>
            Uncordon
          </Undo>
        )}
        {paused === undefined ? (
          <ReasonDialog
            button="Pause"
            label={`Pause ${name}`}
            title={`Pause ${name}?`}
            text="No migration is started to it or from it until it goes on. What is under way goes on."
            agree="Pause it"
            off={sending}
            agreed={(reason) => void ask("pause", reason)}
          />
        ) : (
          <Undo label={`Let ${name} go on`} off={sending} act={() => void ask("resume")}>
            Let it go on
          </Undo>
        )}
        <Link className="button" to="/drains/new" search={{ host: name }} aria-label={`Drain ${name}`}>
          Drain
        </Link>
      </div>
      <p role="status" className="min-h-[18px] text-xs text-bad">
        {said}
      </p>
    </div>
  );
}

function Undo({
  label,
  off,
  act,
  children,
}: {
  label: string;
  off: boolean;
  act: () => void;
  children: string;
}): ReactNode {
  return (
    <button type="button" className="button" data-kind="main" aria-label={label} disabled={off} onClick={act}>
      {children}
    </button>
  );
}
