import { connect, type Socket } from "node:net";
import { AttachError, greetingLimitMs, isObject, parseLine, protocolVersion } from "../attach-protocol.ts";
import type { BackendInfo } from "../backend.ts";
import { BlockReceiver } from "./block-receiver.ts";
import { readLines, sendLine } from "./lines.ts";
import { helloOf } from "./parameters.ts";

/** Both connections of an attached agent, past the greeting. */
export interface Connections {
  backend: BackendInfo;
  pid: number;
  control: Socket;
  /** Takes the lines that arrive on `control` from now on. */
  onLine(take: (line: string) => void): void;
  bulk: Socket;
  receiver: BlockReceiver;
}

/** Makes both connections; throws `AttachError` with the code of a refusal, or `no-answer` where nobody listens. */
export async function openConnections(socketPath: string): Promise<Connections> {
  const control = await openControl(socketPath);
  try {
    const { bulk, receiver } = await openBulk(socketPath, control.session);
    return { ...control, bulk, receiver };
  } catch (error) {
    control.control.destroy();
    throw error;
  }
}

async function openControl(path: string) {
  let take: (line: string) => void = () => undefined;
  const socket = connect(path);
  readLines(socket, (line) => take(line));
  const greeting = await greet(socket, { role: "control" }, (onLine) => (take = onLine));
  const { session } = greeting.attached;
  if (typeof session !== "string") throw refusal(socket, "bad-message", "the session is a string");
  const onLine = (next: (line: string) => void) => (take = next);
  return { backend: greeting.backend, pid: greeting.pid, session, control: socket, onLine };
}

async function openBulk(path: string, session: string): Promise<{ bulk: Socket; receiver: BlockReceiver }> {
  let take: (line: string) => void = () => undefined;
  const receiver = new BlockReceiver((line) => take(line), {
    resume: () => socket.resume(),
    destroy: (error) => socket.destroy(error),
  });
  const socket: Socket = connect({ path, onread: receiver.onread });
  socket.resume();
  await greet(
    socket,
    { role: "bulk", session },
    (onLine) => (take = onLine),
    () => receiver.expectBlocks(),
  );
  return { bulk: socket, receiver };
}

interface Greeting {
  backend: BackendInfo;
  pid: number;
  attached: Record<string, unknown>;
}

/** Takes the hello, says who is there, and waits for the answer. */
function greet(
  socket: Socket,
  who: object,
  listen: (onLine: (line: string) => void) => void,
  attached?: () => void,
): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => fail(new AttachError("no-answer", "the back end did not greet in time")),
      greetingLimitMs,
    );
    const fail = (error: Error) => {
      clearTimeout(late);
      socket.destroy();
      reject(error);
    };
    let hello: { backend: BackendInfo; pid: number } | undefined;
    listen((line) => {
      try {
        const said = parseLine(line);
        if (hello === undefined) {
          hello = takeHello(said);
          return sendLine(socket, { attach: protocolVersion, ...who });
        }
        requireAttached(said);
        clearTimeout(late);
        attached?.();
        resolve({ ...hello, attached: said });
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("error", (error) => fail(new AttachError("no-answer", `no back end answers: ${error.message}`)));
    socket.on("close", () => fail(new AttachError("no-answer", "the back end closed the connection")));
  });
}

function takeHello(said: Record<string, unknown>): { backend: BackendInfo; pid: number } {
  const { versions, ...hello } = helloOf(said);
  if (versions.includes(protocolVersion)) return hello;
  throw new AttachError("unknown-version", `the back end speaks ${versions.join(", ")}, this agent ${protocolVersion}`);
}

function requireAttached(said: Record<string, unknown>): void {
  if (said["attached"] === protocolVersion) return;
  const refused = isObject(said["refused"]) ? said["refused"] : {};
  const { code, detail } = refused;
  throw new AttachError(
    typeof code === "string" ? code : "bad-message",
    typeof detail === "string" ? detail : "the back end refused",
  );
}

function refusal(socket: Socket, code: string, detail: string): AttachError {
  socket.destroy();
  return new AttachError(code, detail);
}
