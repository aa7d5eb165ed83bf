import type { WebhookDelivery } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { get, messageOf, post } from "../api/api.ts";
import { Badge } from "../parts/badge.tsx";
import { Ago } from "../parts/time.tsx";
import type { Word } from "../words.ts";
import type { Headers } from "./key.ts";

const states: Record<WebhookDelivery["state"], Word> = {
  pending: { word: "On its way", icon: "wait", tone: "plain" },
  delivered: { word: "Delivered", icon: "check", tone: "good" },
  abandoned: { word: "Abandoned", icon: "cross", tone: "bad" },
};
const shownAtMost = 20;
const againMs = 3_000;

/** What has been sent to one receiver lately, with what became of it. */
export function Deliveries({ of: id, url, headers }: { of: string; url: string; headers: Headers }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const path = `/v1/webhooks/${id}/deliveries`;
  const { data, error, refetch } = useQuery({
    queryKey: ["deliveries", id],
    queryFn: async () => await get<{ items: WebhookDelivery[] }>(`${path}?limit=${shownAtMost}`, { headers }),
    enabled: isOpen,
    refetchInterval: againMs,
    gcTime: 0,
  });
  const [said, setSaid] = useState("");
  const resend = async ({ id: delivery, type }: WebhookDelivery) => {
    setSaid("");
    try {
      await post(`${path}/${delivery}/resend`, undefined, headers);
    } catch (refusal) {
      setSaid(`${type} was not sent again: ${messageOf(refusal)}`);
    }
    await refetch();
  };
  return (
    <details className="mt-1.5 text-xs" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="leading-5 text-ink-soft hover:text-ink">Deliveries</summary>
      <p role="status" className="text-bad">
        {error === null ? said : `What was sent to it could not be read: ${messageOf(error)}`}
      </p>
      {data?.items.length === 0 && <p className="text-ink-soft">Nothing has been sent to it yet.</p>}
      {data !== undefined && data.items.length > 0 && (
        <div className="relative overflow-x-auto" tabIndex={0} role="group" aria-label={`Deliveries to ${url}`}>
          <table className="rows w-full min-w-[640px] table-fixed">
            <thead>
              <tr>
                {["Event", "State", "Tried", "Last answer", "Asked for", ""].map((name) => (
                  <th key={name} scope="col">
                    {name === "" ? <span className="sr-only">Send again</span> : name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.items.map((delivery) => (
                <tr key={delivery.id}>
                  <th scope="row">{delivery.type}</th>
                  <td>
                    <Badge of={states[delivery.state]} />
                  </td>
                  <td>{delivery.attempts}</td>
                  <td className="[overflow-wrap:anywhere]">{answerOf(delivery)}</td>
                  <td>
                    <Ago at={delivery.createdAt} />
                  </td>
                  <td>
                    <button
                      type="button"
                      className="button"
                      aria-label={`Send again: ${delivery.type}`}
                      onClick={() => void resend(delivery)}
                    >
                      Send again
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function answerOf({ lastAttempt }: WebhookDelivery): string {
  if (lastAttempt === undefined) return "not tried yet";
  return lastAttempt.failure ?? String(lastAttempt.status ?? "none");
}
