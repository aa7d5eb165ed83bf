import type { Learned } from "./learned.ts";

/** What one finished migration between two hosts has shown. Newest first where there are many. */
export interface PairOutcome {
  bandwidthBytesPerSec?: number | undefined;
  /** Of the downtime, what neither moving bytes nor a device's own time explains, in ms. */
  handoverMs?: number | undefined;
}

/** What a back end declared as its own time for one device, and what it took, in ms. */
export interface CostOutcome {
  declaredMs: number;
  actualMs: number;
}

/** The weight of each newer outcome against all older ones. */
const weight = 0.3;
/** So few outcomes teach nothing yet. */
const enough = 3;
const leastSdMs = 4;
/** A back end that declares next to nothing is not scaled, and none is believed to be off by more. */
const leastDeclaredMs = 1;
const factors = { least: 0.2, most: 5 };

/** An EWMA over the outcomes of the pair of hosts, and over those of each device's back end; what has too few of them stays unlearnt. */
export function learn(
  pair: readonly PairOutcome[],
  devices: readonly { name: string; outcomes: readonly CostOutcome[] }[],
): Learned {
  const bandwidths = pair.flatMap(({ bandwidthBytesPerSec }) => bandwidthBytesPerSec ?? []);
  const handovers = pair.flatMap(({ handoverMs }) => handoverMs ?? []);
  const handover = handovers.length < enough ? undefined : averageOf(handovers);
  return {
    migrations: pair.length,
    bandwidthBytesPerSec: bandwidths.length === 0 ? undefined : averageOf(bandwidths).mean,
    stopResumeMs: handover?.mean,
    stopResumeSdMs: handover === undefined ? undefined : Math.max(leastSdMs, handover.sd),
    costFactors: Object.fromEntries(
      devices.flatMap(({ name, outcomes }) => {
        const factor = factorOf(outcomes);
        return factor === undefined ? [] : [[name, factor]];
      }),
    ),
  };
}

function factorOf(outcomes: readonly CostOutcome[]): number | undefined {
  const ratios = outcomes.flatMap(({ declaredMs, actualMs }) =>
    declaredMs < leastDeclaredMs ? [] : [actualMs / declaredMs],
  );
  return ratios.length < enough ? undefined : Math.min(factors.most, Math.max(factors.least, averageOf(ratios).mean));
}

/** Exponentially weighted, from the oldest to the newest: m += w (x - m), v = (1 - w) (v + w (x - m)²). */
function averageOf(newestFirst: readonly number[]): { mean: number; sd: number } {
  const [oldest = 0, ...newer] = newestFirst.toReversed();
  let [mean, variance] = [oldest, 0];
  for (const value of newer) {
    const off = value - mean;
    mean += weight * off;
    variance = (1 - weight) * (variance + weight * off * off);
  }
  return { mean, sd: Math.sqrt(variance) };
}
