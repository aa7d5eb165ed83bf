/** Throughput of a channel between two processes, held against a bare TCP copy of the same shape. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { dial } from "@godwit/channel";
import { entry, nodeArguments } from "@godwit/launch";
import type { Order, Ready } from "./channel/source.ts";

export interface BenchRow {
  name: string;
  figure: string;
  reference: string;
  ratio: number;
  goal?: string;
}

const sizeBytes = 3 * 1024 ** 3;
const rounds = 7;

/** Runs of both kinds alternate, so that a disturbance of the machine meets both; the median of the ratios counts. */
export async function benchChannel(): Promise<BenchRow[]> {
  const source = fork(entry(import.meta.url, "./channel/source"), { execArgv: nodeArguments() });
  const [ready]: unknown[] = await once(source, "message");
  if (!isReady(ready)) throw new Error("the sending process did not say on which ports it listens");
  const raw: number[] = [];
  const channel: number[] = [];
  await pullRaw(source, ready);
  await pullChannel(source, ready, "warm-up");
  for (let round = 0; round < rounds; round += 1) {
    raw.push(await pullRaw(source, ready));
    channel.push(await pullChannel(source, ready, `round-${round}`));
  }
  source.disconnect();
  await once(source, "exit");
  return [
    {
      name: "channel, one stream, loopback",
      figure: `${median(channel).toFixed(2)} GB/s`,
      reference: `${median(raw).toFixed(2)} GB/s bare TCP copy`,
      ratio: median(raw.map((figure, index) => (channel[index] ?? 0) / figure)),
      goal: ">= 0.8",
    },
  ];
}

/** In GB/s. */
async function pullRaw(source: ChildProcess, { rawPort }: Ready): Promise<number> {
  await order(source, { kind: "raw", sizeBytes, migration: "" });
  let bytes = 0;
  const since = performance.now();
  const buffer = Buffer.alloc(256 * 1024);
  const callback = (count: number) => {
    bytes += count;
    return true;
  };
  const socket = connect({ host: "127.0.0.1", port: rawPort, onread: { buffer, callback } });
  await once(socket, "close");
  if (bytes !== sizeBytes) throw new Error(`the bare copy delivered ${bytes} bytes`);
  return bytes / 1e6 / (performance.now() - since);
}

/** In GB/s. */
async function pullChannel(source: ChildProcess, { channelPort }: Ready, migration: string): Promise<number> {
  await order(source, { kind: "channel", sizeBytes, migration });
  let bytes = 0;
  const since = performance.now();
  await using channel = dial({
    host: "127.0.0.1",
    port: channelPort,
    migration,
    device: "ram",
    stream: 0,
    ticket: "t",
  });
  for await (const item of channel) {
    if (item.type === "chunk") bytes += item.bytes.length;
    if (item.type === "end") break;
  }
  const took = performance.now() - since;
  for await (const item of channel) throw new Error(`${item.type} after the end`);
  if (bytes !== sizeBytes) throw new Error(`the channel delivered ${bytes} bytes`);
  return bytes / 1e6 / took;
}

function isReady(message: unknown): message is Ready {
  return typeof message === "object" && message !== null && "rawPort" in message && "channelPort" in message;
}

async function order(source: ChildProcess, what: Order): Promise<void> {
  source.send(what);
  await once(source, "message");
}

function median(figures: number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await benchChannel());
