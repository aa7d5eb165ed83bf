import { join } from "node:path";

/** What a guest's processes leave in its folder, and are found by. */
export interface Places {
  qmp: string;
  console: string;
  /** What the guest has written to its console, kept. */
  consoleLog: string;
  pidFile: string;
  log: string;
}

export interface SharePlaces {
  socket: string;
  /** virtiofsd writes it, beside its socket. */
  pidFile: string;
  log: string;
}

/** A path to a Unix socket may have so many bytes. */
const socketPathLimit = 107;

/** @throws where the folder's path is too long for the sockets in it */
export function placesIn(folder: string): Places {
  return {
    qmp: socketIn(folder, "qmp.sock"),
    console: socketIn(folder, "console.sock"),
    consoleLog: join(folder, "console.log"),
    pidFile: join(folder, "qemu.pid"),
    log: join(folder, "qemu.log"),
  };
}

/** Of a virtiofsd. */
export function sharePlacesIn(folder: string): SharePlaces {
  const socket = socketIn(folder, "share.sock");
  return { socket, pidFile: `${socket}.pid`, log: join(folder, "share.log") };
}

function socketIn(folder: string, name: string): string {
  const path = join(folder, name);
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathLimit) return path;
  throw new Error(`${path} has ${bytes} bytes; the path to a socket may have ${socketPathLimit}`);
}
