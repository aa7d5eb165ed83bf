import { type OnReadOpts, Socket } from "node:net";

/**
 * The same connection, read into the caller's memory. A socket that is dialled can be told to; for one that a server has accepted Node takes
 * new memory for every 64 KiB, and carrying a guest's memory further took about twice the processor time. So another socket is made around
 * what the accepted one holds, of which nothing may have been read yet (`pauseOnConnect`).
 */
export function readInto(accepted: Socket, onread: OnReadOpts): Socket {
  const handle: unknown = Reflect.get(accepted, "_handle");
  const options = { handle, onread, readable: true, writable: true };
  return new Socket(options);
}
