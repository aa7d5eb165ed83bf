import type { Cluster } from "./cluster.ts";

/** A kept event as it came over the wire; figures between events have no id and are left out. */
export interface Received {
  id: string;
  event: string;
  data: unknown;
}

interface Reading {
  lastEventId?: string;
  /** Leaves after so many kept events; without it at the stream's end. */
  most?: number;
  /** Only those of one migration count. */
  of?: string;
}

/** Server-sent events by plain `fetch` (HTML Living Standard, 9.2.6). */
export async function readEvents(
  cluster: Cluster,
  path: string,
  { lastEventId, most = Infinity, of }: Reading = {},
): Promise<Received[]> {
  const resumed: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const leaving = new AbortController();
  const response = await fetch(new URL(path, cluster.url), {
    headers: { authorization: `Bearer ${cluster.token}`, accept: "text/event-stream", ...resumed },
    signal: leaving.signal,
  });
  if (response.body === null || !response.ok) throw new Error(`${path} answered ${response.status}`);
  const received: Received[] = [];
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    received.push(...blocks.flatMap(parse).filter((each) => of === undefined || migrationOf(each) === of));
    if (received.length >= most) break;
  }
  leaving.abort();
  return received.slice(0, most);
}

function parse(block: string): Received[] {
  const fields = Object.fromEntries(
    block.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    }),
  );
  const { id, event = "message", data = "null" } = fields;
  return id === undefined ? [] : [{ id, event, data: JSON.parse(data) }];
}

/** All kept events from now on, as they come; disposing leaves the stream. */
export async function followEvents(cluster: Cluster): Promise<AsyncDisposable & { received: Received[] }> {
  const leaving = new AbortController();
  const response = await fetch(new URL("/v1/events", cluster.url), {
    headers: { authorization: `Bearer ${cluster.token}`, accept: "text/event-stream" },
    signal: leaving.signal,
  });
  if (response.body === null || !response.ok) throw new Error(`the feed answered ${response.status}`);
  const received: Received[] = [];
  const text = response.body.pipeThrough(new TextDecoderStream());
  const reading = (async () => {
    let rest = "";
    for await (const more of text) {
      const blocks = (rest + more).split("\n\n");
      rest = blocks.pop() ?? "";
      received.push(...blocks.flatMap(parse));
    }
  })().catch(() => undefined);
  return {
    received,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await reading;
    },
  };
}

function migrationOf({ data }: Received): unknown {
  return typeof data === "object" && data !== null && "migrationId" in data ? data.migrationId : undefined;
}
