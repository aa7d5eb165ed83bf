import { createServer } from "node:net";

/** Below the ports that Linux gives to outgoing connections, so that none of those takes one between the look and the use. */
const lowest = 20_000;
const highest = 32_000;
let next = lowest + Math.floor(Math.random() * (highest - lowest));

/** A port that nobody listens on, at any of the addresses. Each is given once only. */
export async function freePort(addresses: string[] = ["127.0.0.1"]): Promise<number> {
  for (;;) {
    next = next + 1 < highest ? next + 1 : lowest;
    const port = next;
    const free = await Promise.all(addresses.map((address) => canListen(address, port)));
    if (free.every(Boolean)) return port;
  }
}

async function canListen(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
