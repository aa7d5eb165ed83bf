import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import {
  AttachError,
  failureOf,
  greetingLimitMs,
  parseLine,
  protocolName,
  protocolVersion,
} from "./attach-protocol.ts";
import { readLines, sendLine } from "./attach/lines.ts";
import type { AttachedDevice } from "./attach/attached-device.ts";
import { DeviceHost } from "./attach/device-host.ts";
import { Session } from "./attach/session.ts";
import type { BackendInfo } from "./backend.ts";

export interface ServeOptions {
  /** At most 107 bytes, a limit of Unix sockets. */
  socketPath: string;
  backend: BackendInfo;
}

/** Disposing it stops serving agents; it does not touch the device. */
export interface AttachedServer extends AsyncDisposable {
  /** Resolves when an agent has asked for the process to end, or the server was disposed. */
  readonly closed: Promise<void>;
}

const connectionLimit = 16;

/** Serves a device to the agent of its host, from a process of its own, by the protocol of `attach-protocol.ts`. */
export async function serveAttached(options: ServeOptions, device: AttachedDevice): Promise<AttachedServer> {
  const host = new DeviceHost(device, options.backend.can);
  const sockets = new Set<Socket>();
  let session: Session | undefined;

  const shutdown = () => {
    server.close();
    // What was answered last is still sent: ending is orderly for the agent's side.
    for (const socket of sockets) socket.destroySoon();
  };
  const openSession = (control: Socket): Session => {
    if (session !== undefined) throw new AttachError("busy", "another agent is attached; one at a time");
    const opened = new Session(randomUUID(), control, host, shutdown);
    session = opened;
    void opened.ended.then(() => (session = undefined));
    return opened;
  };
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    greet(socket, options.backend, { openSession, session: () => session });
  };

  const server = createServer(accept);
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  server.maxConnections = connectionLimit;
  await listenOn(server, options.socketPath);
  // A connection that could not be accepted must not end the device.
  server.on("error", () => undefined);
  return {
    closed,
    async [Symbol.asyncDispose]() {
      if (server.listening) shutdown();
      await closed;
    },
  };
}

interface Sessions {
  openSession(control: Socket): Session;
  session(): Session | undefined;
}

function greet(socket: Socket, backend: BackendInfo, sessions: Sessions): void {
  // Whatever ends a connection, its close is what counts.
  socket.on("error", () => undefined);
  const late = setTimeout(() => socket.destroy(), greetingLimitMs);
  socket.once("close", () => clearTimeout(late));
  let onLine = (line: string): void => {
    clearTimeout(late);
    try {
      onLine = answerGreeting(socket, parseLine(line), sessions);
    } catch (error) {
      sendLine(socket, { refused: { ...failureOf(error), versions: [protocolVersion] } });
      socket.destroySoon();
      onLine = () => undefined;
    }
  };
  readLines(socket, (line) => onLine(line));
  sendLine(socket, { protocol: protocolName, versions: [protocolVersion], backend, pid: process.pid });
}

/** Returns what takes the lines that follow; a bulk connection has none. */
function answerGreeting(socket: Socket, said: Record<string, unknown>, sessions: Sessions): (line: string) => void {
  if (said["attach"] !== protocolVersion) {
    throw new AttachError("unknown-version", `version ${JSON.stringify(said["attach"])} is not spoken here`);
  }
  if (said["role"] === "control") {
    const session = sessions.openSession(socket);
    sendLine(socket, { attached: protocolVersion, session: session.id });
    return (line) => session.handle(line);
  }
  if (said["role"] !== "bulk") throw new AttachError("bad-message", "the role is neither control nor bulk");
  const session = sessions.session();
  if (session === undefined || said["session"] !== session.id) {
    throw new AttachError("no-session", "there is no such session");
  }
  socket.removeAllListeners("data");
  socket.pause();
  session.takeBulk(socket);
  sendLine(socket, { attached: protocolVersion });
  return () => undefined;
}

/** Listens; a socket that a dead process left behind is removed, one that answers is not. */
async function listenOn(server: Server, path: string): Promise<void> {
  try {
    await tryListen(server, path);
  } catch (error) {
    if (failureOf(error).code !== "EADDRINUSE" || (await answers(path))) throw error;
    await unlink(path);
    await tryListen(server, path);
  }
}

async function tryListen(server: Server, path: string): Promise<void> {
  server.listen(path);
  await once(server, "listening");
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
