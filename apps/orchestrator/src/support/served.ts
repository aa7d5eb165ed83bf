import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { z } from "zod";
import { OrchestratorConfig } from "../config.ts";
import { type OrchestratorReady, runOrchestrator } from "../main.ts";

export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

export interface Served extends AsyncDisposable {
  url: string;
  dataFolder: string;
  /** A one-time code for the page. */
  newCode: () => string;
  /** With the first administrator's token, unless another header says otherwise. */
  ask: (
    method: string,
    path: string,
    request?: { body?: unknown; headers?: Record<string, string> },
  ) => Promise<Answer>;
}

/** An orchestrator in this process, over an embedded database of its own, asked by plain requests. Its folder is gone with it. */
export async function serve(settings: Partial<z.input<typeof OrchestratorConfig>> = {}): Promise<Served> {
  const dataFolder = settings.dataFolder ?? (await mkdtemp(join(tmpdir(), "godwit-served-")));
  const config = OrchestratorConfig.parse({ ...settings, dataFolder, port: 0 });
  const stop = new AbortController();
  const log = pino({ level: "silent" });
  let running: Promise<void> = Promise.resolve();
  const ready = await new Promise<OrchestratorReady>((resolve, reject) => {
    running = runOrchestrator(config, log, stop.signal, resolve);
    running.catch(reject);
  });
  const token = (await readFile(ready.adminTokenFile, "utf8")).trim();
  return {
    url: ready.url,
    dataFolder,
    newCode: ready.newCode,
    ask: async (method, path, request = {}) => await ask(new URL(path, ready.url), method, token, request),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

async function ask(
  url: URL,
  method: string,
  token: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson && text !== "" ? JSON.parse(text) : text };
}
