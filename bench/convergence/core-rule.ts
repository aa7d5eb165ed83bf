import {
  consider,
  type Considered,
  considerationAtStart,
  type DeviceObservation,
  dutyOf,
  type Observation,
  plainPolicy,
  type Policy,
  provenByCurve,
} from "@godwit/core";
import type { Rule, RuleAction, Scenario, World } from "@godwit/sim";

/** What a run of the core says of itself beside what every rule says. */
export type CoreAction = RuleAction & {
  /** Of an abort: the limit that would have done. */
  needLimitMs?: number | undefined;
};

export interface CoreOptions {
  /** The guest's dirty rate before the start is known. */
  history: boolean;
  /** Before the start distinct bytes were counted over a few windows. */
  probe?: boolean;
}

const reportEveryMs = 100;
/** Known to be pending: so little that the link idles, and a report comes at once. */
const idleBytes = 100_000;
const probeWindows = [0.5, 1, 2, 4];

/** The decision core in a simulated world: it is given what a source would report, and nothing else. */
export function coreRule(scenario: Scenario, options: CoreOptions): Rule<CoreAction> {
  const policy = policyOf(scenario, options);
  let state = considerationAtStart;
  let [nextMs, heard, probed] = [0, 0, options.probe !== true];
  return {
    look(world) {
      if (!probed) {
        probed = true;
        const why = probe(world, scenario);
        if (why !== undefined) return { type: "abort", reason: why };
      }
      const answered = (world.lastExact?.sequence ?? 0) !== heard;
      const waits = state.convergence.question?.open === true;
      const idle = !world.inSync && !waits && world.ram.knownBytes + devicesKnown(world) <= idleBytes;
      if (world.atMs + 1e-6 < nextMs && !answered && !idle) return undefined;
      nextMs = world.atMs + reportEveryMs;
      const considered = consider(state, observationOf(world, scenario, answered), policy);
      heard = world.lastExact?.sequence ?? 0;
      state = considered.state;
      world.duty = dutyOf(state.conduct);
      if (considered.action.kind === "askExact") world.requestExact();
      return actionOf(considered);
    },
  };
}

export function policyOf(scenario: Scenario, { history }: CoreOptions): Policy {
  const { known, capBytesPerSec } = scenario;
  return {
    ...plainPolicy,
    downtimeLimitMs: scenario.limitMs,
    deadlineMs: scenario.deadlineMs,
    linkBytesPerSec: scenario.linkBytesPerSec,
    capBytesPerSec,
    reservedBytesPerSec: capBytesPerSec === undefined ? undefined : known.reservedBytesPerSec,
    sizeBytes: scenario.ramBytes,
    parallelLoad: scenario.parallelLoad,
    stopResumeMs: known.stopResumeMs,
    syncMsPrior: 1 + (0.3 * scenario.ramBytes) / 2 ** 30,
    reportEveryMs,
    history: history ? scenario.history : undefined,
  };
}

function observationOf(world: World, scenario: Scenario, answered: boolean): Observation {
  const { lastExact } = world;
  const ram: DeviceObservation = {
    name: "ram",
    rounds: 0,
    sentBytes: world.ram.sentBytes,
    pending: { initialBytes: 0, precopyBytes: world.ram.knownBytes, stopcopyBytes: 0, fixedMs: 0 },
  };
  const devices = world.devices.map((device): DeviceObservation => {
    const { declared, knownBytes, initialLeftBytes } = device;
    return {
      name: device.name,
      rounds: 0,
      sentBytes: device.sentBytes,
      pending: {
        initialBytes: Math.min(initialLeftBytes, knownBytes),
        precopyBytes: Math.max(0, knownBytes - initialLeftBytes),
        stopcopyBytes: device.stopOnlyBytes,
        fixedMs: declared.loadMs,
        saveMs: declared.saveMs,
        bytesPerSec: declared.bytesPerSec,
        mayShrink: declared.mayShrink,
      },
    };
  });
  return {
    atMs: world.atMs,
    wireBytes: world.wireBytes,
    busyMs: world.busyMs,
    rttMs: scenario.known.rttMs,
    devices: [ram, ...devices],
    exact:
      answered && lastExact !== undefined
        ? { syncMs: lastExact.syncMs, agoMs: world.atMs - lastExact.atMs }
        : undefined,
  };
}

function actionOf({ action, judgement }: Considered): CoreAction | undefined {
  if (action.kind === "switchOver")
    return { type: "switchover", predictedMs: judgement?.evidence?.predicted.midMs ?? 0 };
  if (action.kind !== "giveUp") return undefined;
  const need = action.why.inputs["needLimitMs"];
  return { type: "abort", reason: action.why.code, needLimitMs: typeof need === "number" ? need : undefined };
}

function probe(world: World, scenario: Scenario): string | undefined {
  const { known, limitMs, history, linkBytesPerSec, capBytesPerSec, syncMs } = scenario;
  const curve = probeWindows.map((factor) => ({
    overMs: factor * limitMs,
    bytes: world.uniqueDirtyBytes(factor * limitMs),
  }));
  const way = {
    downtimeLimitMs: limitMs,
    fixedMs: known.stopResumeMs + syncMs + 3 * known.rttMs,
    linkBytesPerSec,
    priorBytesPerSec: known.priorBytesPerSec,
    capBytesPerSec,
  };
  return provenByCurve({ everyMs: 10_000, bytesPerSec: history, curve }, way)?.code;
}

function devicesKnown(world: World): number {
  return world.devices.reduce((sum, device) => sum + device.knownBytes, 0);
}
