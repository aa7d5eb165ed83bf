import type { Trace, TraceTick } from "../src/replay/trace.ts";
import { seeded } from "./figures.ts";
import { type FluidGuest, fluidHosts, fluidOf, send, stepMs, write } from "./fluid.ts";

const tickMs = 250;

/** What a recording of a simulated guest looks like, sent at full speed for so long. */
export function recorded(guest: FluidGuest, limitMs: number, seconds: number): Trace {
  const random = seeded(guest.seed);
  const fluid = fluidOf(guest);
  const ticks: TraceTick[] = [tickOf(0)];
  for (let atMs = stepMs; atMs <= 1_000 * seconds; atMs += stepMs) {
    send(fluid, guest, guest.bytesPerSec, random());
    write(fluid, guest, 0, atMs);
    if (atMs % tickMs === 0) ticks.push(tickOf(atMs));
  }
  return {
    header: {
      tickMs,
      ramBytes: guest.totalBytes,
      syncMs: guest.syncMs,
      syncMsPrior: 1,
      policy: {
        limitMs,
        deadlineMs: 600_000,
        linkBps: guest.bytesPerSec * 1.06,
        capBps: 0,
        reservedBps: 0,
        parallelLoad: true,
        stopResumeMs: fluidHosts.stopResumeMs,
        rttMs: 0.2,
      },
      devices: [{ id: "ram" }],
    },
    ticks,
  };

  function tickOf(atMs: number): TraceTick {
    const [sent, dirty] = [Math.round(fluid.sent), Math.round(fluid.dirty)];
    const estimate = guest.hidesWrites ? Math.round(fluid.left) : dirty;
    const y = fluidHosts.stopResumeMs + guest.syncMs + (dirty / guest.bytesPerSec) * 1000;
    return {
      x: atMs,
      t: 1e6 + atMs,
      w: sent,
      b: fluid.busyMs,
      s: fluid.rounds,
      d: [[estimate, 0, sent, dirty, 0, 0]],
      y,
    };
  }
}
