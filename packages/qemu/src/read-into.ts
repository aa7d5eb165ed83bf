import { Socket } from "node:net";

/**
 * The same connection, read into memory that is used again for each read: what `take` gets is its own only until it returns, and it says
 * whether to read on. A socket that is dialled can be told to; for one that a server has accepted Node takes new memory for every 64 KiB,
 * and carrying a guest's memory further took about twice the processor time. So another socket is made around what the accepted one
 * holds, of which nothing may have been read yet (`pauseOnConnect`), and which has nothing left then.
 *
 * @throws where something may have been read, somebody else has it already, or Node keeps it elsewhere
 */
export function readInto(accepted: Socket, bytes: number, take: (read: Buffer) => boolean): Socket {
  const handle: unknown = Reflect.get(accepted, "_handle");
  if (handle === undefined || handle === null) throw new Error("a connection has nothing that could be read");
  if (!accepted.isPaused() || accepted.bytesRead > 0) throw new Error("a connection may have been read from already");
  const buffer = Buffer.allocUnsafeSlow(bytes);
  const onread = { buffer, callback: (count: number) => take(buffer.subarray(0, count)) };
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options);
  Reflect.set(accepted, "_handle", null);
  return socket;
}
