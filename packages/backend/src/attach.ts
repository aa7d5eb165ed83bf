import type { AttachedStatus } from "./attach-protocol.ts";
import { AttachedDestination } from "./attach/attached-destination.ts";
import { AttachedSource } from "./attach/attached-source.ts";
import { openConnections } from "./attach/connections.ts";
import { Link } from "./attach/link.ts";
import { figure, statusIn } from "./attach/parameters.ts";
import type { BackendInfo, Destination, Source } from "./backend.ts";

/**
 * A device in a process of its own, as its agent sees it. Disposing detaches, which leaves a running device running and
 * a stopped one stopped. Calls throw `AttachError` with the protocol's codes; `connection-lost` once the process has gone.
 */
export interface Attached extends AsyncDisposable {
  readonly backend: BackendInfo;
  /** The process, as it says itself. */
  readonly pid: number;
  /** Resolves when the connections have closed, from whichever side. */
  readonly closed: Promise<void>;
  /** One of the sources below precopies the device, slows it down or has stopped it. */
  readonly migrating: boolean;
  status(): Promise<AttachedStatus>;
  sizeBytes(): Promise<number>;
  /** As `Device.dirtied`; rejects with `unsupported` where the back end does not count what is written. */
  dirtied(reset: boolean): Promise<number>;
  /**
   * The device as a source. Any number may be open, but only one of them may precopy, throttle or stop; disposing that one
   * aborts: a device that it stopped runs again. One that has changed nothing is disposed of without effect.
   */
  source(): Source;
  /** The empty device as a destination. Disposing before `start` empties it again. */
  destination(): Destination;
  /** A stopped device runs again; one that runs goes on. */
  resume(): Promise<void>;
  /** A device that has loaded everything serves. */
  start(): Promise<void>;
  /** Asks the process to end, and resolves when it has closed the connection. */
  shutdown(): Promise<void>;
}

/** Attaches to the back end that listens on the Unix socket; throws `AttachError`: `no-answer`, `busy`, `unknown-version`. */
export async function attach(socketPath: string): Promise<Attached> {
  const connections = await openConnections(socketPath);
  const link = new Link(connections);
  const owner: { source: AttachedSource | undefined } = { source: undefined };
  return {
    backend: connections.backend,
    pid: connections.pid,
    closed: link.closed,
    get migrating() {
      return owner.source !== undefined;
    },
    status: async () => statusIn(await link.call("status")),
    sizeBytes: async () => figure(await link.call("sizeBytes"), "sizeBytes"),
    dirtied: async (reset) => figure(await link.call("dirtied", { reset }), "dirtied"),
    source: () => new AttachedSource(link, owner, connections.backend.can.throttle === true),
    destination: () => new AttachedDestination(link, connections.backend.can.switchoverAck === true),
    resume: async () => void (await link.call("resume")),
    start: async () => void (await link.call("start")),
    shutdown: async () => {
      await link.call("shutdown");
      await link.closed;
    },
    async [Symbol.asyncDispose]() {
      link.close();
      await link.closed;
    },
  };
}
