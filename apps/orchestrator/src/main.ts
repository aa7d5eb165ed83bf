import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { openStore, type Store } from "@godwit/store";
import type { Logger } from "pino";
import { ConnectedAgents } from "./agents/connected.ts";
import { Farewells } from "./agents/farewells.ts";
import { bye, greet, type GreetingParts, keepGuests } from "./agents/greeting.ts";
import { agentSocket } from "./agents/socket.ts";
import { buildApp } from "./app.ts";
import { Bus } from "./bus.ts";
import { type Clock, dateOf, systemClock } from "./clock.ts";
import type { OrchestratorConfig } from "./config.ts";
import { Drains } from "./drains/drains.ts";
import { Fencing } from "./fencing/fencing.ts";
import { type Authenticate, bearer } from "./http/auth.ts";
import { Sessions } from "./http/session.ts";
import { InTurn } from "./in-turn.ts";
import type { HeldLease } from "./lease/held-lease.ts";
import { awaitTurn } from "./lease/standby.ts";
import { Metrics } from "./metrics.ts";
import { ensureBuiltInPolicies } from "./policies.ts";
import { Recorder } from "./runs/recorder.ts";
import { Retrying } from "./runs/retrying.ts";
import { Runs } from "./runs/runs.ts";
import { startSampler } from "./runs/sampler.ts";
import { startPruning } from "./pruning.ts";
import { Scheduler } from "./schedule/scheduler.ts";
import { Saves } from "./to-file/saves.ts";
import { ensureTokenFile } from "./tokens.ts";
import { Deliverer } from "./webhooks/deliverer.ts";

/** The folder of an embedded database is one process's alone: nobody waits for its lease, and a pause need not end it. */
const soleLeaseMs = 86_400_000;

export interface OrchestratorReady {
  url: string;
  /** The files of the tokens made at the first start. */
  adminTokenFile: string;
  agentTokenFile: string;
  /** A fresh one-time code for the page: `<url>/#code=<code>`. */
  newCode: () => string;
}

/**
 * Runs the orchestrator until the signal is aborted. While another one holds the database's lease it stands by, and is ready once it has
 * taken its place. Migrations under way go on without it and are adopted at its next start, or by its successor.
 */
export async function runOrchestrator(
  config: OrchestratorConfig,
  log: Logger,
  signal: AbortSignal,
  onReady?: (ready: OrchestratorReady) => void,
): Promise<void> {
  const { dataFolder, databaseUrl } = config;
  const clock = systemClock;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const lost = new AbortController();
  const onLost = (error: Error): void => {
    if (!lost.signal.aborted) log.error(error.message);
    lost.abort(error);
  };
  await using store = await openStore(databaseUrl === undefined ? { dataFolder, onLost } : { databaseUrl, onLost });
  const leaseMs = databaseUrl === undefined ? soleLeaseMs : config.leaseMs;
  const turn = await awaitTurn({ store, clock, log, leaseMs, onLost }, config, signal);
  if (turn === undefined) return;
  await using lease = turn.lease;
  const running = { config: { ...config, port: turn.port }, store, lease, clock, log, signal, lost: lost.signal };
  await conduct(running, onReady);
  lost.signal.throwIfAborted();
}

interface Running {
  config: OrchestratorConfig;
  store: Store;
  lease: HeldLease;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Aborted with the reason for which this process cannot go on. */
  lost: AbortSignal;
}

/** As the one that decides, until either signal is aborted. */
async function conduct(running: Running, onReady?: (ready: OrchestratorReady) => void): Promise<void> {
  const { config, store, lease, clock, log, signal, lost } = running;
  const tokenFiles = await prepare(store, config.dataFolder, dateOf(clock.now()));
  const bus = new Bus();
  const agents = new ConnectedAgents();
  const metrics = new Metrics();
  const recorder = new Recorder({ store, clock, log });
  const runs = new Runs({ store, agents, bus, clock, log, metrics, recorder });
  await runs.adoptAll();
  await using saves = new Saves({ store, agents, bus, clock, log });
  await saves.adoptAll();
  const parts = { store, agents, runs, saves, bus, clock, log };
  const scheduler = new Scheduler({ ...parts, cluster: config.cluster });
  const sessions = new Sessions(() => clock.now());
  const authenticate = bearer(store, () => dateOf(clock.now()));
  const greeting: GreetingParts & { saves: Saves } = { ...parts, reportEveryMs: config.reportEveryMs };
  const turns = new InTurn();
  await using fencing = new Fencing({
    ...parts,
    turns,
    commands: config.fencing,
    bye: (connection) => bye(greeting, connection),
  });
  await fencing.start();
  const maySend = () => !lost.aborted && lease.isHeld();
  await using deliverer = new Deliverer({ ...parts, settings: config.webhooks, maySend });
  await using drains = new Drains(parts);
  const app = await buildApp({
    ...parts,
    receivers: config.webhooks.receivers,
    drains,
    scheduler,
    sessions,
    authenticate,
    metrics,
    recorder,
    fencing,
  });

  await app.listen({ host: config.host, port: config.port });
  const conversations = converse({ server: app.server, authenticate, turns, maySend }, greeting);
  await using _scheduling = scheduler.start();
  using retrying = new Retrying(parts);
  bus.on("ended", (state) => retrying.ended(state));
  await retrying.start();
  saves.start();
  deliverer.start();
  await drains.start();
  using _sampling = startSampler({ runs, store, clock, log });
  await using _recording = recorder.start();
  using _pruning = startPruning({ store, clock, log });

  const url = urlOf(app.server.address(), config.host);
  log.info({ url }, "the orchestrator is ready");
  onReady?.({ url, ...tokenFiles, newCode: () => sessions.newCode() });
  await ended(AbortSignal.any([signal, lost]));
  // Who has lost its lease says nothing any more, no farewell either: the agents are another's.
  if (lost.aborted) agents.closeAll();
  await conversations[Symbol.asyncDispose]();
  await app.close();
  await runs.stop();
}

/** What must be there before anybody is served: the tokens of the first start, and the policies that come with it. */
async function prepare(
  store: Store,
  dataFolder: string,
  at: Date,
): Promise<Pick<OrchestratorReady, "adminTokenFile" | "agentTokenFile">> {
  const adminTokenFile = join(dataFolder, "token");
  const agentTokenFile = join(dataFolder, "agent-token");
  await ensureTokenFile(store, adminTokenFile, "admin", at);
  await ensureTokenFile(store, agentTokenFile, "agent", at);
  await ensureBuiltInPolicies(store, at);
  await store.idempotency.abandonAll();
  return { adminTokenFile, agentTokenFile };
}

interface Door {
  server: Server;
  authenticate: Authenticate;
  turns: InTurn;
  /** This process still holds the lease. */
  maySend: () => boolean;
}

/** The agents' side: hellos, each host's in turn, what is said after them, and farewells. */
function converse(
  { server, authenticate, turns, maySend }: Door,
  greeting: GreetingParts & { saves: Saves },
): AsyncDisposable {
  const { runs, saves, agents, log } = greeting;
  const farewells = new Farewells(greeting);
  const sockets = agentSocket({
    server,
    authenticate,
    log,
    maySend,
    greet: (hello, connect) => turns.take(hello.name, () => greet(greeting, hello, connect)),
    hear: (connection, message) => {
      if (message.type === "rejected") void runs.refusals.byAgent(connection.hostId, message);
      else if (saves.hear(connection.hostId, message) || message.type === "misplaced") return;
      else if ("migrationId" in message) runs.hear(connection.hostId, message);
      else if (message.type === "guests") void keepGuests(greeting, connection.hostId, message.guests);
      else if (message.type === "memory") connection.freeBytes = message.freeBytes;
    },
    bye: (connection) => farewells.say(connection),
  });
  return {
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]();
      agents.closeAll();
      await farewells.settled();
    },
  };
}

/** The first of `count` ports in a row, from `port` on and within a hundred, that are free on each of the addresses. */
export async function freePortsFrom(addresses: readonly string[], port: number, count = 1): Promise<number> {
  for (let first = port; first < port + 100; first += 1) {
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(addresses.flatMap((address) => ports.map((each) => canListen(address, each))));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`No ${count} ports in a row from ${port} to ${port + 99} are free on ${addresses.join(" and ")}`);
}

async function canListen(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function urlOf(address: ReturnType<ReturnType<typeof createServer>["address"]>, host: string): string {
  if (address === null || typeof address === "string") throw new Error("The HTTP server listens on no port");
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
