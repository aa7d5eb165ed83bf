import type { CreatedWebhook, Webhook } from "@godwit/contract";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import {
  getAll,
  getTagged,
  messageOf,
  post,
  postOnce,
  remove,
  UnreachableError,
  wrongAt,
  wrongWithin,
} from "../api/api.ts";
import { many } from "../figures.ts";
import { Copy } from "../parts/copy.tsx";
import { TextField } from "../parts/fields.tsx";
import { Section } from "../parts/panel.tsx";
import { Deliveries } from "./deliveries.tsx";
import type { Headers, Key } from "./key.ts";

const webhooksAtMost = 200;

/** Who is told of events, to whoever shows a token that may see it: each receiver with what has been sent to it. */
export function Webhooks({ of: { shown, headers } }: { of: Key }): ReactNode {
  const [said, setSaid] = useState("");
  const [secret, setSecret] = useState<string>();
  const { data, error, refetch } = useQuery({
    queryKey: ["webhooks", shown],
    queryFn: async () => await getAll<Webhook>("/v1/webhooks", webhooksAtMost, headers),
    enabled: shown !== undefined,
    gcTime: 0,
  });
  const told = (text: string, newSecret?: string) => {
    setSaid(text);
    if (newSecret !== undefined) setSecret(newSecret);
    void refetch();
  };
  return (
    <Section title="Webhooks" aside={data === undefined ? "who is told of events" : many(data.length, "webhook")}>
      {shown === undefined ? (
        <p className="px-4 py-3.5 text-ink-soft">To see them, show a token above that has the scope admin.</p>
      ) : error !== null ? (
        <p className="px-4 py-3.5 text-bad">{messageOf(error)}</p>
      ) : (
        <>
          {data?.length === 0 && <p className="px-4 py-3 text-ink-soft">Nobody is told of anything yet.</p>}
          <ul>
            {data?.map((webhook) => (
              <One key={webhook.id} of={webhook} headers={headers} told={told} />
            ))}
          </ul>
          <Make headers={headers} told={told} />
          {secret !== undefined && (
            <div className="grid justify-items-start gap-1 px-4 pb-3">
              <p>What its signatures are verified with is told once:</p>
              <code className="command w-full">{secret}</code>
              <Copy text={secret}>Copy the secret</Copy>
            </div>
          )}
          <p role="status" className="min-h-8 px-4 pb-3 text-ink-soft">
            {said}
          </p>
        </>
      )}
    </Section>
  );
}

interface Tells {
  headers: Headers;
  /** What came of it, and a secret where one was made. */
  told: (text: string, secret?: string) => void;
}

function One({ of: { id, url, types, description }, headers, told }: Tells & { of: Webhook }): ReactNode {
  const path = `/v1/webhooks/${id}`;
  const attempt = (act: () => Promise<void>) => () => {
    act().catch((error: unknown) => told(messageOf(error)));
  };
  const ping = attempt(async () => {
    await post(`${path}/ping`, undefined, headers);
    told(`Something harmless is on its way to ${url}.`);
  });
  const rotate = attempt(async () => {
    const { etag } = await getTagged<Webhook>(path, headers);
    const { secret } = await postOnce<CreatedWebhook>(`${path}/rotate`, undefined, { ...headers, "if-match": etag });
    told(`${url} has a new secret; the one before it signs too for a day.`, secret);
  });
  const leave = attempt(async () => {
    const { etag } = await getTagged<Webhook>(path, headers);
    await remove(path, { ...headers, "if-match": etag });
    told(`${url} is not told any more.`);
  });
  const deeds = [
    ["Ping", `Ping ${url}`, ping],
    ["New secret", `Make a new secret for ${url}`, rotate],
    ["Remove", `Remove ${url}`, leave],
  ] as const;
  return (
    <li className="border-t border-line px-4 py-2.5 first:border-t-0">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1.5">
        <div className="min-w-0">
          <p className="font-medium [overflow-wrap:anywhere]">{url}</p>
          <p className="text-ink-soft">
            {`${description === "" ? "" : `${description}; `}${types.length === 0 ? "every event" : types.join(", ")}`}
          </p>
        </div>
        <div className="flex gap-2">
          {deeds.map(([text, label, act]) => (
            <button key={text} type="button" className="button" aria-label={label} onClick={act}>
              {text}
            </button>
          ))}
        </div>
      </div>
      <Deliveries of={id} url={url} headers={headers} />
    </li>
  );
}

function Make({ headers, told }: Tells): ReactNode {
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState("");
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const body = { url, types: types.split(/[\s,]+/).filter(Boolean) };
      const { secret } = await postOnce<CreatedWebhook>("/v1/webhooks", body, headers);
      setError(undefined);
      setUrl("");
      setTypes("");
      told(`${url} is told from now on.`, secret);
    } catch (refusal) {
      setError(refusal);
      if (refusal instanceof UnreachableError) told("");
    }
  };
  const [wrongUrl, wrongTypes] = [wrongAt(error, "/url"), wrongWithin(error, "/types")];
  const elsewhere = error !== undefined && wrongTypes === undefined ? messageOf(error) : undefined;
  return (
    <form
      className="grid grid-cols-[minmax(0,2fr)_minmax(0,2fr)_auto] items-start gap-3 border-t border-line px-4 py-3 max-sm:grid-cols-1"
      onSubmit={(event) => void submit(event)}
    >
      <TextField
        label="Address of a new one"
        placeholder="https://"
        value={url}
        set={setUrl}
        wrong={wrongUrl ?? elsewhere}
      />
      <TextField
        label="Events, with spaces between"
        placeholder="every event"
        value={types}
        set={setTypes}
        wrong={wrongTypes}
      />
      <button type="submit" className="button !min-h-8 sm:mt-5" data-kind="main" disabled={url === ""}>
        Tell it
      </button>
    </form>
  );
}
