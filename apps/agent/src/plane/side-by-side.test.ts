import { createHash } from "node:crypto";
import type { BracingSink, Destination, Pending, Sink, Source, StateDigest } from "@godwit/backend";
import { type ChannelListener, listen } from "@godwit/channel";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PlaneNews, ReportFigures } from "./calls.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";

const streams = 3;
const chunkBytes = 256 * 1024;
const [migrationId, ticket, guestId] = ["m1", "secret", "g1"];
const order = { migrationId, guestId, devices: [], ticket, capBytesPerSec: undefined, reportEveryMs: 10 };

const sum = (hashes: ReturnType<typeof createHash>[]) => hashes.map((hash) => hash.copy().digest("hex")).join("");

/** A device that sends something else on each of its streams in every round, and again after the stop. */
class Many implements Source {
  readonly streams = streams;
  readonly #hashes = Array.from({ length: streams }, () => createHash("sha256"));
  rounds = 0;

  async pending(): Promise<Pending> {
    return { initialBytes: 0, precopyBytes: 10 * chunkBytes, stopcopyBytes: 10, fixedMs: 1 };
  }

  async precopy(out: Sink): Promise<void> {
    this.rounds += 1;
    await this.#send(out, "before");
  }

  async brace(out: BracingSink): Promise<void> {
    await vi.waitFor(() => expect(out.queuedBytes).toBe(0), { timeout: 10_000, interval: 2 });
  }

  async stop(): Promise<void> {}

  async final(out: Sink): Promise<StateDigest> {
    await this.#send(out, "after");
    return { digest: sum(this.#hashes).slice(0, 100) };
  }

  async resume(): Promise<void> {}
  async commit(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  async #send(out: Sink, when: string): Promise<void> {
    const sinks = [out, ...(out.beside ?? [])];
    expect(sinks).toHaveLength(streams);
    await Promise.all(
      sinks.map(async (sink, stream) => {
        const chunk = Buffer.alloc(chunkBytes, `${when} ${stream} ${this.rounds}`);
        this.#hashes[stream]?.update(when).update(chunk);
        await sink.write(chunk);
      }),
    );
  }
}

/** Its first stream is taken no further before a certain other one has come so far, now one and now the other. */
class Entangled implements Destination {
  readonly streams = streams;
  readonly loadedBytes = Array.from({ length: streams }, () => 0);
  readonly #hashes = Array.from({ length: streams }, () => createHash("sha256"));
  readonly phases: string[] = [];
  failing: number | undefined;

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#take(0, chunks, phase);
  }

  async loadBeside(stream: number, chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#take(stream, chunks, phase);
    this.phases.push(`${stream} ${phase}`);
  }

  async verify(): Promise<StateDigest> {
    return { digest: sum(this.#hashes).slice(0, 100) };
  }

  async start(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}

  async #take(stream: number, chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    let mark = 0;
    for await (const chunk of chunks) {
      if (stream === this.failing) throw Object.assign(new Error("out of order"), { code: "damaged" });
      if (stream === 0) {
        const other = 1 + (Math.floor((this.loadedBytes[0] ?? 0) / chunkBytes) % (streams - 1));
        const soFar = () => expect(this.loadedBytes[other]).toBeGreaterThan(this.loadedBytes[0] ?? 0);
        await vi.waitFor(soFar, { timeout: 10_000, interval: 1 });
      }
      // The borders of chunks are not kept, and each of the test's own begins with the phase in its digest.
      for (let at = 0; at < chunk.length;) {
        const piece = chunk.subarray(at, at + chunkBytes - mark);
        if (mark === 0) this.#hashes[stream]?.update(phase === "precopy" ? "before" : "after");
        this.#hashes[stream]?.update(piece);
        mark = (mark + piece.length) % chunkBytes;
        at += piece.length;
      }
      this.loadedBytes[stream] = (this.loadedBytes[stream] ?? 0) + chunk.length;
    }
  }
}

let listener: ChannelListener;
let source: Many;
let destination: Entangled;
let outgoing: Outgoing;
let incoming: Incoming;
let told: string[];
let reports: ReportFigures[];

beforeEach(async () => {
  listener = await listen({ host: "127.0.0.1", port: 0 });
  [source, destination, told, reports] = [new Many(), new Entangled(), [], []];
  const news: PlaneNews = {
    report: (_, figures) => void reports.push(figures),
    stopped: () => void told.push("stopped"),
    confirmed: () => void told.push("confirmed"),
    received: () => {
      told.push("received");
      incoming.confirmLoaded(2);
    },
    turnedAway: () => undefined,
    granted: () => void told.push("granted"),
    failed: (_id, role, { code, detail }) => void told.push(`${role} failed: ${code}: ${detail}`),
    lost: (_id, why) => void told.push(`lost: ${why}`),
  };
  outgoing = await Outgoing.open(order, [{ name: "ram", source }], listener, news);
  const from = { host: "127.0.0.1", port: listener.port };
  incoming = new Incoming({ migrationId, devices: [], peers: [], from, ticket }, [{ name: "ram", destination }], news);
});

afterEach(async () => {
  await outgoing.cancel();
  await incoming.drop();
  await listener.close();
});

const soon = async (check: () => void) => await vi.waitFor(check, { timeout: 10_000, interval: 2 });

test("N9: a device's streams have a channel each, its figures are of all of them, and the stop comes on all at once", async () => {
  outgoing.precopy();
  await soon(() => expect(source.rounds).toBeGreaterThan(20));
  await soon(() => expect(reports.at(-1)?.devices[0]?.sentBytes).toBeGreaterThan(20 * streams * chunkBytes));
  expect(reports.at(-1)?.wireBytes).toBe(reports.at(-1)?.devices[0]?.sentBytes);
  outgoing.freeze();
  await soon(() => expect(told.toSorted()).toEqual(["confirmed", "received", "stopped"]));
  expect(destination.phases.toSorted()).toEqual(["1 final", "1 precopy", "2 final", "2 precopy"]);
  expect(new Set(destination.loadedBytes)).toEqual(new Set([(source.rounds + 1) * chunkBytes]));
  outgoing.grant(2);
  await soon(() => expect(told).toContain("granted"));
  await incoming.finish();
  await outgoing.commit();
  expect(told.filter((each) => each.includes("failed"))).toEqual([]);
});

test("N9: what one of the streams cannot be taken for ends the migration with that as its cause, on both sides", async () => {
  destination.failing = 2;
  outgoing.precopy();
  await soon(() =>
    expect(told.toSorted()).toEqual([
      "destination failed: damaged: ram: out of order",
      expect.stringMatching(/^source failed: damaged: .*out of order/),
    ]),
  );
});
