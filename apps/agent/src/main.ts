import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { entry, lockFolder, workerArguments } from "@godwit/launch";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { FromAgent } from "@godwit/contract";
import type { DestinationEvent, SourceEvent } from "@godwit/core";
import { Agent } from "./agent.ts";
import type { AgentConfig } from "./config.ts";
import { systemDisk } from "./disk.ts";
import { Guests } from "./guests.ts";
import { Journal } from "./journal.ts";
import { machineBy } from "./machine.ts";
import { Mailboxes } from "./mailboxes.ts";
import { freeBytes, Memory } from "./memory.ts";
import type { PlaneCalls, PlaneNews } from "./plane/calls.ts";
import { codeOf, detailOf } from "./plane/failure.ts";
import { callsOver } from "./plane/port.ts";
import { Session } from "./session.ts";

export const agentVersion = "0.1.0";
/** How large devices are is looked at so often. */
const refreshMs = 5_000;

/**
 * Runs an agent until the signal is aborted; rejects when it cannot go on (its journal cannot be written, its data plane died). Devices
 * in processes of their own go on serving either way, and are found again at the next start.
 */
export async function runAgent(
  config: AgentConfig,
  log: Logger,
  signal: AbortSignal,
  onReady?: (ready: AgentReady) => void,
): Promise<void> {
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 });
  await using _lock = await lockFolder(config.dataFolder);
  await using journal = await openJournal(config, log);
  const broken = new Broken();
  await using worker = startPlane((error) => broken.tell(error));
  await Promise.race([conduct({ config, log, signal, broken, journal, worker: worker.port }, onReady), broken.error]);
}

/** The orchestrator hears nothing of an agent that does not start: its log has to say why. */
async function openJournal({ dataFolder, name }: AgentConfig, log: Logger): Promise<Journal> {
  try {
    return await Journal.open(join(dataFolder, "journal"), systemDisk, name);
  } catch (error) {
    log.fatal({ host: name, code: codeOf(error) }, `the agent does not start: ${detailOf(error)}`);
    throw error;
  }
}

interface Held {
  config: AgentConfig;
  log: Logger;
  signal: AbortSignal;
  broken: Broken;
  journal: Journal;
  worker: Worker;
}

async function conduct(held: Held, onReady?: (ready: AgentReady) => void): Promise<void> {
  const { config, log, signal, broken, journal } = held;
  const mailboxes = new Mailboxes((error) => broken.tell(error));
  const plane = callsOver<PlaneCalls, PlaneNews>(
    held.worker,
    newsTo(
      () => agent,
      (message) => session.tell(message),
    ),
    [],
  );
  const listen = addressOf(config.listen);
  const { port, backends, absent } = await plane.open({
    host: config.name,
    listen,
    serviceAddress: config.serviceAddress,
    dataFolder: config.dataFolder,
    directories: config.directories,
    qemu: config.qemu,
    linkBytesPerSec: config.linkBytesPerSec,
    capacityBytes: config.capacityBytes,
  });

  for (const { kind, reason } of absent) log.info(`no devices of kind ${kind} here: ${reason}`);

  const guests = new Guests(journal, plane, log);
  const tell = (message: FromAgent) => session.tell(message);
  const enqueue = (guestId: string, task: () => Promise<void>) => mailboxes.put(guestId, task);
  const { name, serviceAddress, slots, linkBytesPerSec } = config;
  const peerEndpoint = config.advertise ?? `${listen.host}:${port}`;
  const described = {
    name,
    instance: uuidv7(),
    agentVersion,
    peerEndpoint,
    serviceAddress,
    slots,
    linkBytesPerSec,
    backends,
    absentBackends: absent,
  };
  const machine = await machineBy(join(config.dataFolder, "machine-start"));
  const agent = new Agent({ plane, journal, guests, log, machine, tell, enqueue }, described);
  const memory = new Memory({
    free: () => freeBytes(config.capacityBytes, guests.owned()),
    tell: (bytes) => tell({ type: "memory", freeBytes: bytes }),
  });
  const session = new Session({
    servers: [config.server].flat(),
    token: async () => (await readFile(config.tokenFile, "utf8")).trim(),
    hello: async () => agent.hello(memory.told()),
    hear: (message) => agent.hear(message),
    log,
    signal: AbortSignal.any([signal, broken.signal]),
  });

  await agent.recover();
  using _refreshing = every(refreshMs, async () => {
    const changed = await guests.refresh();
    if (changed.length > 0) session.tell({ type: "guests", guests: changed });
    memory.refresh();
  });
  onReady?.({ peerEndpoint });
  log.info({ host: name, peers: peerEndpoint }, "the agent is ready");
  await session.run();
}

export interface AgentReady {
  peerEndpoint: string;
}

/** What stops an agent from inside: the first error told, as a signal to whatever runs and as a rejection to whoever waits. */
class Broken {
  readonly #stop = new AbortController();
  readonly error: Promise<never>;
  readonly signal = this.#stop.signal;

  constructor() {
    this.error = new Promise<never>((_, reject) =>
      this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true }),
    );
    // Whoever does not wait for it any more has ended in an orderly way.
    this.error.catch(() => undefined);
  }

  tell(error: unknown): void {
    this.#stop.abort(error);
  }
}

function startPlane(onEnd: (error: Error) => void): AsyncDisposable & { port: Worker } {
  const worker = new Worker(entry(import.meta.url, "./plane/worker"), { execArgv: workerArguments() });
  worker.once("error", onEnd);
  worker.once("exit", (code) => onEnd(new Error(`The data plane ended with code ${code}`)));
  return {
    port: worker,
    async [Symbol.asyncDispose]() {
      worker.removeAllListeners("exit");
      await worker.terminate();
    },
  };
}

/** The data plane's news, each to the attempt that it concerns; the agent exists by the time that the first one comes. */
function newsTo(agent: () => Agent, tell: (message: FromAgent) => void): PlaneNews {
  const toSource = (id: string, event: SourceEvent) =>
    agent().news(id, async (attempt) => {
      if (attempt.role === "source") await attempt.handle(event);
    });
  const toDestination = (id: string, event: DestinationEvent) =>
    agent().news(id, async (attempt) => {
      if (attempt.role === "destination") await attempt.handle(event);
    });
  return {
    report: (migrationId, figures) => {
      const guestId = agent().guestOf(migrationId);
      if (guestId !== undefined) tell({ type: "report", migrationId, guestId, ...figures });
    },
    stopped: (id) => toSource(id, { type: "stopped" }),
    confirmed: (id) => toSource(id, { type: "loaded" }),
    received: (id) => toDestination(id, { type: "loaded" }),
    granted: (id, epoch) => agent().granted(id, epoch),
    lost: (guestId, why) => agent().lost(guestId, why),
    turnedAway: ({ migrationId, ...visit }) => {
      const guestId = migrationId === undefined ? undefined : agent().guestOf(migrationId);
      agent().rejections.tellSeldom({ migrationId, guestId, ...visit });
    },
    failed: (id, role, failure) =>
      agent().news(id, async (attempt) => {
        if (attempt.role === role) await attempt.failed(failure);
      }),
  };
}

/** Again and again, one after the other. What fails is tried again the next time. */
function every(ms: number, task: () => Promise<void>): Disposable {
  let over = false;
  let timer = setTimeout(run, ms);
  function run(): void {
    void task()
      .catch(() => undefined)
      .then(() => {
        if (!over) timer = setTimeout(run, ms);
      });
  }
  return {
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
    },
  };
}

function addressOf(text: string): { host: string; port: number } {
  const [host = "", port = "0"] = text.split(":");
  return { host, port: Number(port) };
}
