/** Where the sockets of channels are made: plain TCP, and therefore loopback only. */
import { BlockList, connect, createServer, isIP, type Server, type Socket } from "node:net";
import { ChannelError } from "./errors.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Throws `tls-required` unless the address is a loopback one; of names only `localhost` is. */
export function requireLoopback(host: string): void {
  const family = isIP(host);
  const isLoopback = family === 0 ? host === "localhost" : loopback.check(host, family === 4 ? "ipv4" : "ipv6");
  if (isLoopback) return;
  throw new ChannelError("tls-required", `${host} is no loopback address, and channels over a network require TLS`);
}

export function listeningSocket(accept: (socket: Socket) => void): Server {
  return createServer({ noDelay: true }, accept);
}

/** Where a dialled socket's bytes go. */
export interface Reading {
  /** Asked before each read. */
  target(): Uint8Array;
  /** Told after each read; false pauses reading until `socket.resume()`. */
  filled(count: number): boolean;
}

export function dialledSocket(host: string, port: number, reading: Reading): Socket {
  const onread = { buffer: () => reading.target(), callback: (count: number) => reading.filled(count) };
  return connect({ host, port, noDelay: true, onread });
}
