/** For tests: memory devices on hosts of their own, clients that ask them, and agents that die. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import type { DeviceContext } from "@godwit/backend";
import { nodeArguments } from "@godwit/launch";
import type { MemoryConfig } from "../index.ts";
import { hostAndPort, onLines } from "../line-client.ts";

export async function contextIn(
  dataFolder: string,
  serviceAddress: string,
  config: MemoryConfig,
): Promise<DeviceContext<MemoryConfig>> {
  await mkdir(dataFolder, { recursive: true });
  return { guest: { id: "g1", name: "one" }, device: "ram", config, dataFolder, serviceAddress, host: serviceAddress };
}

/** Replies to lines on a connection of their own. */
export async function askAt(endpoint: string, ...lines: string[]): Promise<string[]> {
  const socket = connect(hostAndPort(endpoint));
  const replies: string[] = [];
  await once(socket, "connect");
  const all = new Promise<void>((resolve, reject) => {
    onLines(socket, (line) => void (replies.push(line) === lines.length && resolve()));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${replies.length} of ${lines.length} replies came`)));
  });
  socket.write(`${lines.join("\n")}\n`);
  await all;
  socket.destroy();
  return replies;
}

/** An agent's process that has created the device, set a key and done something with a source. */
export async function killableAgent(
  ctx: DeviceContext<MemoryConfig>,
  what: string,
): Promise<{ kill: () => Promise<void> }> {
  const code = `
    import { memoryBackend } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
    import { LineClient } from ${JSON.stringify(new URL("../line-client.ts", import.meta.url).href)};
    const ctx = ${JSON.stringify(ctx)};
    const backend = memoryBackend();
    const { endpoint } = await backend.create(ctx);
    const client = new LineClient([endpoint]);
    await new Promise((done) => {
      const set = () => client.send("SET before the crash\\n", done) || setTimeout(set, 5);
      set();
    });
    await client.close();
    const source = await backend.source(ctx);
    const signal = new AbortController().signal;
    const sink = { budget: 1e9, signal, allocate: (size) => new Uint8Array(size), write: async () => {} };
    ${what}
    console.log("done");`;
  const child = spawn(process.execPath, [...nodeArguments(), "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const said: unknown[] = await Promise.race([once(child.stdout, "data"), exited]);
  if (String(said[0]) !== "done\n") throw new Error(`The agent said ${String(said[0])}`);
  return {
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
