import type { FromAgent } from "@godwit/contract";
import {
  costFactorOf,
  mayBegin,
  type Pending,
  type Precopy,
  policyOfPrecopy,
  stepsBack,
  type Switchover,
} from "@godwit/core";
import type { TraceChunk } from "@godwit/store";

type Report = Extract<FromAgent, { type: "report" }>;

/** Every report of the first ten minutes; then each exact one, and of the others one a second. */
const everyReportMs = 600_000;
const thinnedMs = 1_000;
/** Beyond it nothing is recorded any more: days of precopy. */
const linesAtMost = 200_000;
/** What waits to be stored while the database is away. */
const waitingAtMost = 20_000;

interface Tick {
  x: number;
  t: number;
  w: number;
  b: number;
  d: (number[] | null)[];
  r?: number;
  /** The number of the exact question that this answers, and what it cost. */
  q?: number;
  c?: number | undefined;
}

/** The lines of one migration's trace, as docs/traces.md describes them. */
export class Recording {
  /** Of the next chunk; undefined until the store was asked. */
  sequence: number | undefined;
  #waiting: string[] = [];
  #taken: TraceChunk | undefined;
  #written = 0;
  #firstAtMs: number | undefined;
  #lastMs = -Infinity;
  #last: Tick | undefined;
  #said = new Map<string, { precopyBytes: number; sentBytes: number }>();
  #limits: string;
  #held: boolean;
  #granted: string;

  constructor(state: Precopy, now: number) {
    this.#limits = limitsTextOf(state);
    this.#held = !mayBegin(state, now);
    this.#granted = JSON.stringify(grantedOf(state, now));
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#taken === undefined;
  }

  note(state: Precopy, report: Report, now: number): void {
    // What comes while it steps back for another one is not judged either.
    if (stepsBack(state)) return;
    const exact = report.exact !== undefined;
    const sinceMs = report.atMs - this.#lastMs;
    if (this.#written === 0) this.#add(JSON.stringify(headerOf(state, report, now)));
    if (this.#written > linesAtMost || (!exact && sinceMs < this.#gapMs(report))) return;
    this.#lastMs = report.atMs;
    this.#last = this.#tickOf(state, report);
    this.#add(JSON.stringify({ ...this.#last, ...this.#changed(state, now) }));
  }

  /** Limits that were changed since the last report, and led on at once: they are told with its figures again. */
  leave(state: Switchover, now: number): void {
    const changed = this.#changed(state, now);
    if (this.#last === undefined || (changed.p === undefined && changed.h === undefined)) return;
    const { q: _, ...last } = this.#last;
    this.#add(JSON.stringify({ ...last, ...changed }));
  }

  /** What is to be stored next: what was taken before and is not known to be stored, as it was, or else what has come since. */
  take(migrationId: string, sequence: number, at: Date): TraceChunk | undefined {
    if (this.#taken === undefined && this.#waiting.length > 0) {
      this.#taken = { migrationId, sequence, at, text: this.#waiting.map((line) => `${line}\n`).join("") };
      this.#waiting = [];
    }
    return this.#taken;
  }

  stored(sequence: number): void {
    this.#taken = undefined;
    this.sequence = sequence + 1;
  }

  #gapMs({ atMs }: Report): number {
    return this.#firstAtMs !== undefined && atMs - this.#firstAtMs > everyReportMs ? thinnedMs : 0;
  }

  /** What holds it back, as the time does, is no change of its limits: those have it judged anew. */
  #changed(state: Precopy | Switchover, now: number): Changed {
    const [text, held] = [limitsTextOf(state), !mayBegin(state, now)];
    const isChanged = text !== this.#limits;
    const h = held === this.#held ? {} : { h: held };
    [this.#limits, this.#held] = [text, held];
    return { ...(isChanged && { p: limitsOf(state) }), ...h, ...this.#regranted(state, isChanged, now) };
  }

  /** With limits that have changed a share is told again: those have a cap of their own. */
  #regranted(state: Precopy | Switchover, isChanged: boolean, now: number): { g?: Granted } {
    if (state.phase !== "precopy") return {};
    const granted = grantedOf(state, now);
    const text = JSON.stringify(granted);
    if (text === this.#granted && !(isChanged && state.share !== undefined)) return {};
    this.#granted = text;
    return { g: granted };
  }

  #tickOf(state: Precopy, report: Report): Tick {
    this.#firstAtMs ??= report.atMs;
    const atMs = inTenths(report.atMs - this.#firstAtMs);
    const d = state.facts.devices.map(({ name }) => {
      const device = report.devices.find((each) => each.name === name);
      return device === undefined
        ? null
        : this.#figuresOf(name, device.pending, device.sentBytes, report.exact !== undefined);
    });
    const q = report.exact === undefined ? {} : { q: report.exact, c: report.exactMs };
    const r = report.rttMs === undefined ? {} : { r: inTenths(report.rttMs) };
    return { x: atMs, t: atMs, w: report.wireBytes, b: inTenths(report.busyMs), d, ...r, ...q };
  }

  /** Between exact figures the exact column is what they leave, or the estimate where that is more: more is not known. */
  #figuresOf(name: string, pending: Pending, sentBytes: number, exact: boolean): number[] {
    const precopyBytes = pending.precopyBytes + pending.initialBytes;
    if (exact) this.#said.set(name, { precopyBytes, sentBytes });
    const said = this.#said.get(name);
    const left = said === undefined ? 0 : said.precopyBytes - Math.max(0, sentBytes - said.sentBytes);
    const exactBytes = Math.max(precopyBytes, left);
    return [precopyBytes, pending.stopcopyBytes, sentBytes, exactBytes, pending.stopcopyBytes, pending.initialBytes];
  }

  #add(line: string): void {
    this.#written += 1;
    if (this.#waiting.length < waitingAtMost) this.#waiting.push(line);
  }
}

function inTenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function headerOf(state: Precopy, report: Report, now: number): object {
  const policy = policyOfPrecopy(state, state.course.precopyAt ?? 0);
  const pending = report.devices.map((device) => device.pending);
  return {
    v: 1,
    name: state.facts.guest.name,
    kind: "recorded",
    tickMs: policy.reportEveryMs,
    ramBytes:
      pending.reduce((sum, each) => sum + each.precopyBytes + each.initialBytes, 0) +
      report.devices.reduce((sum, each) => sum + each.sentBytes, 0),
    syncMs: policy.syncMsPrior,
    syncMsPrior: policy.syncMsPrior,
    policy: {
      ...limitsOf(state),
      held: !mayBegin(state, now),
      ...grantedOf(state, now),
      linkBps: policy.linkBytesPerSec ?? 0,
      parallelLoad: policy.parallelLoad,
      stopResumeMs: policy.stopResumeMs,
      stopResumeSdMs: policy.stopResumeSdMs,
      decisionMs: policy.decisionMs,
      priorBps: policy.priorBytesPerSec,
      rttMs: report.rttMs ?? 0,
    },
    devices: state.facts.devices.map(({ name, kind }) => ({
      id: name,
      kind,
      declared: declaredOf(state, report, name),
    })),
    history: policy.history,
  };
}

type Granted = ReturnType<typeof grantedOf>;

interface Changed {
  p?: ReturnType<typeof limitsOf>;
  h?: boolean;
  g?: Granted;
}

/** What the judge is told of its links. */
function grantedOf(state: Precopy, now: number) {
  const { capBytesPerSec, reservedBytesPerSec, sharedOut = false } = policyOfPrecopy(state, now);
  return { capBps: capBytesPerSec ?? 0, reservedBps: reservedBytesPerSec ?? 0, sharedOut };
}

/** With more than it ever had it is judged anew, as with other limits. */
function limitsTextOf(state: Precopy | Switchover): string {
  return JSON.stringify([state.limits, limitsOf(state), state.share?.mostBytesPerSec]);
}

function limitsOf({ limits, course }: Precopy | Switchover) {
  return {
    limitMs: limits.downtimeLimitMs,
    deadlineMs: limits.deadlineMs - ((course.precopyAt ?? 0) - (course.startedAt ?? 0)),
    capBps: limits.bandwidthBytesPerSec ?? 0,
    patience: limits.patience,
  };
}

/** With what was learnt of the back end, as the judge is given it. */
function declaredOf({ facts }: Precopy, report: Report, name: string): object | undefined {
  const pending = report.devices.find((device) => device.name === name)?.pending;
  if (pending === undefined) return undefined;
  return {
    saveMs: pending.saveMs ?? 0,
    loadMs: pending.fixedMs * costFactorOf(facts.learned, name),
    rateBps: pending.bytesPerSec ?? Number.MAX_SAFE_INTEGER,
    mayShrink: pending.mayShrink ?? false,
    carried: pending.carried ?? false,
  };
}
