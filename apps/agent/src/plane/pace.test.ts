import type { Pending, Sink, Source, Stopped } from "@godwit/backend";
import { type ChannelListener, dial, type IncomingChannel, listen } from "@godwit/channel";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OutgoingOrder, PlaneNews, ReportFigures } from "./calls.ts";
import { Outgoing } from "./outgoing.ts";

const chunkBytes = 64 * 1024;
const reportEveryMs = 10;
/** More than a round is through with before a test gives up. */
const endlessBytes = 1e15;

/** A device that is written to without end, so that there is always a round to send. */
class Busy implements Source {
  readonly reached: string[] = [];
  stopped = false;
  own: Partial<Pending> = {};
  throttle?: (share: number) => Promise<void>;
  cap?: (bytesPerSec: number | undefined) => Promise<void>;

  async pending(accuracy: "estimate" | "exact"): Promise<Pending> {
    if (accuracy === "exact") await new Promise((resolve) => setTimeout(resolve, 5));
    return {
      initialBytes: 0,
      precopyBytes: this.stopped ? 0 : endlessBytes,
      stopcopyBytes: 10,
      fixedMs: 1,
      ...this.own,
    };
  }

  async precopy(out: Sink): Promise<void> {
    this.reached.push("precopy");
    while (out.budget >= chunkBytes) await out.write(new Uint8Array(chunkBytes));
  }

  async stop(): Promise<Stopped | void> {
    this.reached.push("stop");
    this.stopped = true;
  }

  async final(out: Sink): Promise<{ digest: string }> {
    await out.write(new Uint8Array(10));
    return { digest: "ab" };
  }

  async resume(): Promise<void> {
    this.reached.push("resume");
  }

  async commit(): Promise<void> {
    this.reached.push("commit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reached.push("dispose");
  }
}

let listener: ChannelListener;
let incoming: IncomingChannel;
let source: Busy;
let outgoing: Outgoing;
let reports: ReportFigures[];
let told: string[];

beforeEach(async () => {
  listener = await listen({ host: "127.0.0.1", port: 0 });
  source = new Busy();
  reports = [];
  told = [];
});

afterEach(async () => {
  await outgoing.cancel();
  await incoming.close();
  await listener.close();
});

/** A source and a destination that loads whatever comes. */
async function open(capBytesPerSec?: number): Promise<void> {
  const news: PlaneNews = {
    report: (_, figures) => void reports.push(figures),
    stopped: () => void told.push("stopped"),
    confirmed: () => void told.push("confirmed"),
    received: () => undefined,
    turnedAway: () => undefined,
    granted: () => undefined,
    failed: (_id, _role, { code }) => void told.push(`failed ${code}`),
    lost: () => undefined,
  };
  const [migrationId, ticket] = ["m1", "secret"];
  const order: OutgoingOrder = { migrationId, guestId: "g1", devices: [], ticket, capBytesPerSec, reportEveryMs };
  outgoing = await Outgoing.open(order, [{ name: "ram", source }], listener, news);
  incoming = dial({ host: "127.0.0.1", port: listener.port, migration: migrationId, device: "ram", stream: 0, ticket });
  void load(incoming).catch(() => undefined);
}

async function load(channel: IncomingChannel): Promise<void> {
  for await (const item of channel) if (item.type === "end") channel.loaded(2, item.digest);
}

const last = () => reports.at(-1);
const sentBytes = () => last()?.devices[0]?.sentBytes ?? 0;
const soon = async (check: () => void) => await vi.waitFor(check, { timeout: 10_000, interval: 2 });

/** So many reports more, each of which has come after what was done before. */
async function further(count: number): Promise<ReportFigures[]> {
  const from = reports.length + 1;
  await soon(() => expect(reports.length).toBeGreaterThanOrEqual(from + count));
  return reports.slice(from, from + count);
}

/** Until nothing is on its way any more. */
async function drained(): Promise<ReportFigures> {
  const isDrained = ({ devices: [device] }: ReportFigures) =>
    device?.rounds === 1 && device.pending.precopyBytes === endlessBytes;
  return await vi.waitFor(
    () => {
      const report = reports.find(isDrained);
      if (report === undefined) throw new Error("Something is on its way");
      return report;
    },
    { timeout: 10_000, interval: 2 },
  );
}

test("a hold from before precopy lets no round begin, and figures and exact questions go on all the while", async () => {
  await open();
  outgoing.pace({ capBytesPerSec: undefined, hold: true });
  outgoing.precopy();
  for (const { devices } of await further(5)) expect(devices[0]).toMatchObject({ rounds: 0, sentBytes: 0 });
  outgoing.exact(7);
  await soon(() => expect(reports.find(({ exact }) => exact === 7)?.exactMs).toBeGreaterThan(4));
  expect(reports.filter(({ exact }) => exact === undefined).every(({ exactMs }) => exactMs === undefined)).toBe(true);
  expect(source.reached).toEqual([]);
  outgoing.pace({ capBytesPerSec: undefined, hold: false });
  await soon(() => expect(sentBytes()).toBeGreaterThan(10 * chunkBytes));
});

test("a hold ends the round that is under way at its next chunk, and what follows is no busy time", async () => {
  await open();
  outgoing.precopy();
  await soon(() => expect(sentBytes()).toBeGreaterThan(10 * chunkBytes));
  expect(last()?.devices[0]?.rounds).toBe(0);
  outgoing.pace({ capBytesPerSec: undefined, hold: true });
  outgoing.pace({ capBytesPerSec: undefined, hold: true });
  const at = await drained();
  expect(at.devices[0]?.rounds).toBe(1);
  for (const figures of await further(5)) {
    expect(figures).toMatchObject({ wireBytes: at.wireBytes, busyMs: at.busyMs });
    expect(figures.atMs).toBeGreaterThan(at.atMs);
  }
  expect(source.reached).toEqual(["precopy"]);
  outgoing.pace({ capBytesPerSec: undefined, hold: false });
  await soon(() => expect(sentBytes()).toBeGreaterThan((at.devices[0]?.sentBytes ?? 0) + 10 * chunkBytes));
  expect(source.reached).toEqual(["precopy", "precopy"]);
});

test("freeze wins over a hold and over a cap, whenever either comes", async () => {
  // At this rate a single chunk would take more than a minute.
  await open(1000);
  outgoing.precopy();
  await soon(() => expect(source.reached).toEqual(["precopy"]));
  outgoing.pace({ capBytesPerSec: 1000, hold: true });
  outgoing.freeze();
  outgoing.pace({ capBytesPerSec: 1000, hold: true });
  await soon(() => expect(told).toEqual(["stopped", "confirmed"]));
  expect(source.reached).toEqual(["precopy", "stop"]);
  await outgoing.commit();
});

test.each([
  ["which says nothing of that", undefined, 0],
  ["for a moment", 50, 50],
  ["all the while", 100, 100],
  ["for which another device speaks", Infinity, 100],
])(
  "B10, M9: no downtime is counted for as long as a device that is told to stop serves on, %s",
  async (_, servedMs, least) => {
    await open();
    let [askedAtMs, stoodStillAtMs] = [0, 0];
    source.stop = async () => {
      askedAtMs = performance.now();
      await vi.waitFor(() => expect(performance.now() - askedAtMs).toBeGreaterThan(100));
      stoodStillAtMs = performance.now();
      return servedMs === undefined ? undefined : { servedMs };
    };
    outgoing.freeze();
    await soon(() => expect(told).toEqual(["stopped", "confirmed"]));
    const before = performance.now();
    const { stoppedMs, devices } = outgoing.grant(2);
    expect(stoppedMs).toBeGreaterThanOrEqual(before - (servedMs === undefined ? askedAtMs : stoodStillAtMs + 5));
    // From just before it was asked.
    expect(stoppedMs).toBeLessThan(performance.now() - askedAtMs - least + 40);
    expect(devices[0]?.stopMs).toBeLessThanOrEqual(stoppedMs);
    await outgoing.commit();
  },
);

test("N7: what the links carry holds in the switchover, in the place of the cap", async () => {
  await open(1000);
  source.final = async (out) => {
    for (let sent = 0; sent < 5; sent += 1) await out.write(new Uint8Array(chunkBytes));
    return { digest: "ab" };
  };
  outgoing.pace({ capBytesPerSec: 1000, hold: true });
  outgoing.precopy();
  const since = performance.now();
  outgoing.freeze(1_000_000);
  await soon(() => expect(told).toEqual(["stopped", "confirmed"]));
  expect(performance.now() - since).toBeGreaterThan((5 * chunkBytes) / 1000 - 25);
  await outgoing.commit();
});

test("a cap holds from then on, and is gone when a pace comes without one", async () => {
  await open();
  outgoing.pace({ capBytesPerSec: 1_000_000, hold: false });
  outgoing.precopy();
  const since = performance.now();
  await soon(() => expect(sentBytes()).toBeGreaterThan(300_000));
  expect(performance.now() - since).toBeGreaterThan(250);
  const slow = last();
  outgoing.pace({ capBytesPerSec: undefined, hold: false });
  await soon(() => expect(sentBytes()).toBeGreaterThan((slow?.devices[0]?.sentBytes ?? 0) + 30_000_000));
});

test("N8: a device that can is told of the cap at the start and at each change, of a hold too, until the freeze", async () => {
  await open(1_000_000);
  const caps: (number | undefined)[] = [];
  source.cap = async (bytesPerSec) => {
    caps.push(bytesPerSec);
    if (bytesPerSec === 5000) throw new Error("not now");
  };
  outgoing.precopy();
  for (const capBytesPerSec of [5000, undefined]) outgoing.pace({ capBytesPerSec, hold: false });
  for (const hold of [true, false]) outgoing.pace({ capBytesPerSec: 2_000_000, hold });
  outgoing.freeze();
  outgoing.pace({ capBytesPerSec: 1000, hold: false });
  await soon(() => expect(told).toEqual(["stopped", "confirmed"]));
  expect(caps).toEqual([1_000_000, 5000, undefined, 0, 2_000_000]);
});

test("B2: what exact figures were merely waited for is no cost of theirs, and is not told", async () => {
  await open();
  const told = { initialBytes: 0, precopyBytes: 5, stopcopyBytes: 0, fixedMs: 0 };
  source.pending = async (accuracy) => ({ ...told, waitedMs: accuracy === "exact" ? 3_600_000 : undefined });
  outgoing.pace({ capBytesPerSec: undefined, hold: true });
  outgoing.exact(1);
  await soon(() => expect(last()?.exact).toBe(1));
  expect(last()?.exactMs).toBe(0);
  expect(last()?.devices[0]?.pending).toEqual(told);
});

test("a throttle reaches the devices that can be slowed down and passes over what cannot, until the freeze", async () => {
  await open();
  outgoing.throttle(0.5);
  source.throttle = async (share) => {
    source.reached.push(`throttle ${share}`);
    if (share === 0.7) throw Object.assign(new Error("not now"), { code: "busy" });
  };
  for (const share of [0.5, 0.7, 0]) outgoing.throttle(share);
  expect(source.reached).toEqual(["throttle 0.5", "throttle 0.7", "throttle 0"]);
  outgoing.precopy();
  outgoing.freeze();
  outgoing.throttle(0.9);
  await soon(() => expect(told).toEqual(["stopped", "confirmed"]));
  expect(source.reached).not.toContain("throttle 0.9");
});

test("a migration that breaks lets its guest go on at full speed, though nobody has called it off yet", async () => {
  await open();
  source.throttle = async (share) => void source.reached.push(`throttle ${share}`);
  outgoing.throttle(0.5);
  outgoing.precopy();
  incoming.fail("no-room", "the disk is full");
  await soon(() => expect(told).toEqual(["failed no-room"]));
  expect(source.reached.filter((each) => each.startsWith("throttle"))).toEqual(["throttle 0.5", "throttle 0"]);
});

test("what a back end says of itself reaches the orchestrator, and what it leaves out is left out", async () => {
  await open();
  outgoing.pace({ capBytesPerSec: undefined, hold: true });
  outgoing.precopy();
  await further(1);
  expect(Object.keys(last()?.devices[0]?.pending ?? {}).toSorted()).toEqual([
    "fixedMs",
    "initialBytes",
    "precopyBytes",
    "stopcopyBytes",
  ]);
  source.own = { saveMs: 2.5, bytesPerSec: 1.5e9, mayShrink: true, stopcopyBytes: 10.2 };
  await soon(() => expect(last()?.devices[0]?.pending).toMatchObject({ ...source.own, stopcopyBytes: 11 }));
});
