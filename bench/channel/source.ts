/** The sending process: a bare TCP server, and a channel listener. Both send what they are asked for over IPC. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type ChannelListener, listen } from "@godwit/channel";

const chunkBytes = 1024 * 1024;

export interface Ready {
  rawPort: number;
  channelPort: number;
}

/** `raw` applies to the next connection to the bare port; `none` only asks for what was used so far. */
export type Order =
  | { kind: "raw"; sizeBytes: number; buffers: number }
  | { kind: "channel"; sizeBytes: number; migration: string }
  | { kind: "none" };

export interface Accepted {
  /** User and system time of this process so far. */
  cpuMicros: number;
}

const listener = await listen({ host: "127.0.0.1", port: 0 });
let rawOrder = { sizeBytes: 0, buffers: 1 };
const server = createServer((socket) => void sendRaw(socket, rawOrder)).listen(0, "127.0.0.1");
await once(server, "listening");
process.on("message", (order: Order) => {
  const { user, system } = process.cpuUsage();
  if (order.kind === "raw") rawOrder = order;
  else if (order.kind === "channel") void sendChannel(listener, order);
  process.send?.({ cpuMicros: user + system } satisfies Accepted);
});
process.once("disconnect", () => {
  server.close();
  void listener.close();
});
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the bare server has no port");
process.send?.({ rawPort: address.port, channelPort: listener.port } satisfies Ready);

async function sendRaw(socket: Socket, { sizeBytes, buffers }: { sizeBytes: number; buffers: number }): Promise<void> {
  const chunks = Array.from({ length: buffers }, () => Buffer.alloc(chunkBytes, 7));
  for (let sent = 0; sent < sizeBytes; sent += chunkBytes) {
    socket.write(chunks[(sent / chunkBytes) % buffers] ?? "");
    if (socket.writableLength >= chunkBytes) await once(socket, "drain");
  }
  socket.end();
}

async function sendChannel(
  listener: ChannelListener,
  { migration, sizeBytes }: { migration: string; sizeBytes: number },
): Promise<void> {
  await using channel = listener.open({ migration, device: "ram", stream: 0, ticket: "t" });
  for (let sent = 0; sent < sizeBytes; sent += chunkBytes) await channel.write(channel.allocate(chunkBytes));
  channel.end({ digest: "none" });
  await channel.acknowledged();
}
