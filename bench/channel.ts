/**
 * Throughput of a channel between two processes, held against a bare TCP copy of the same shape, which sends as many
 * rotating buffers as the channel's pool has: no state that is worth a migration fits into a cache. (The pool gives out
 * first what it got back last, so that the channel touches fewer of them while it runs smoothly.) The second row holds
 * it against a copy of one buffer over and over, which the cache keeps. CPU is that of the sending and of the receiving
 * process together; unlike throughput it says the same on a machine that is busy with other things.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { loadavg } from "node:os";
import { dial } from "@godwit/channel";
import { entry, nodeArguments } from "@godwit/launch";
import { type BenchRow, median } from "./row.ts";
import type { Accepted, Order, Ready } from "./channel/source.ts";

const sizeBytes = 2 * 1024 ** 3;
const rounds = 7;
/** 16 MiB of window, and two more. */
const poolBuffers = 18;

interface Run {
  gigabytesPerSec: number;
  cpuSecPerGigabyte: number;
}

/** Runs of all kinds alternate, so that a disturbance of the machine meets all; the median of the ratios counts. */
export async function benchChannel(): Promise<BenchRow[]> {
  const source = fork(entry(import.meta.url, "./channel/source"), { execArgv: nodeArguments() });
  const [ready]: unknown[] = await once(source, "message");
  if (!isReady(ready)) throw new Error("the sending process did not say on which ports it listens");
  const rotating: Run[] = [];
  const hot: Run[] = [];
  const channel: Run[] = [];
  await pullRaw(source, ready, poolBuffers);
  await pullChannel(source, ready, "warm-up");
  for (let round = 0; round < rounds; round += 1) {
    rotating.push(await pullRaw(source, ready, poolBuffers));
    channel.push(await pullChannel(source, ready, `round-${round}`));
    hot.push(await pullRaw(source, ready, 1));
  }
  source.disconnect();
  await once(source, "exit");
  return [
    { ...row(channel, rotating, `bare TCP copy of ${poolBuffers} buffers`), goal: ">= 0.8" },
    row(channel, hot, "bare TCP copy of one buffer"),
  ];
}

function row(channel: Run[], raw: Run[], reference: string): BenchRow {
  return {
    name: `channel, one stream, loopback, load ${loadavg()[0]?.toFixed(1)}`,
    figure: described(channel),
    reference: `${described(raw)}, ${reference}`,
    ratio: median(raw.map((run, index) => (channel[index]?.gigabytesPerSec ?? 0) / run.gigabytesPerSec)),
  };
}

function described(runs: Run[]): string {
  const speed = median(runs.map((run) => run.gigabytesPerSec));
  return `${speed.toFixed(2)} GB/s, ${median(runs.map((run) => run.cpuSecPerGigabyte)).toFixed(2)} CPU s/GB`;
}

async function pullRaw(source: ChildProcess, { rawPort }: Ready, buffers: number): Promise<Run> {
  return measured(source, { kind: "raw", sizeBytes, buffers }, async () => {
    let bytes = 0;
    const buffer = Buffer.alloc(256 * 1024);
    const callback = (count: number) => {
      bytes += count;
      return true;
    };
    const socket = connect({ host: "127.0.0.1", port: rawPort, onread: { buffer, callback } });
    await once(socket, "close");
    return bytes;
  });
}

async function pullChannel(source: ChildProcess, { channelPort }: Ready, migration: string): Promise<Run> {
  return measured(source, { kind: "channel", sizeBytes, migration }, async () => {
    let bytes = 0;
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
    for await (const item of channel) throw new Error(`${item.type} after the end`);
    return bytes;
  });
}

async function measured(source: ChildProcess, what: Order, pull: () => Promise<number>): Promise<Run> {
  const sentBefore = await order(source, what);
  const before = process.cpuUsage();
  const since = performance.now();
  const bytes = await pull();
  const took = performance.now() - since;
  const own = process.cpuUsage(before);
  const sent = await order(source, { kind: "none" });
  if (bytes !== sizeBytes) throw new Error(`${bytes} bytes arrived instead of ${sizeBytes}`);
  const cpuMicros = own.user + own.system + sent.cpuMicros - sentBefore.cpuMicros;
  return { gigabytesPerSec: bytes / 1e6 / took, cpuSecPerGigabyte: (cpuMicros / bytes) * 1e3 };
}

function isReady(message: unknown): message is Ready {
  return typeof message === "object" && message !== null && "rawPort" in message && "channelPort" in message;
}

async function order(source: ChildProcess, what: Order): Promise<Accepted> {
  source.send(what);
  const [accepted]: unknown[] = await once(source, "message");
  if (!isAccepted(accepted)) throw new Error("the sending process did not accept an order");
  return accepted;
}

function isAccepted(message: unknown): message is Accepted {
  return typeof message === "object" && message !== null && "cpuMicros" in message;
}
