import { createHash } from "node:crypto";
import {
  type Backend,
  type BackendInfo,
  ConfigError,
  type Destination,
  type Device,
  type DeviceContext,
  type Source,
  type StateDigest,
} from "./backend.ts";
import { compareBackends } from "./compare-backends.ts";
import { recordHeaderBytes, RecordError, records, writeRecord } from "./records.ts";

/** The state of such a back end is one piece of at most 1 MiB, as that of a dbus-vmstate helper. */
export const snapshotLimitBytes = 1024 * 1024;

/** Everything but `kind`, `save` and `load` has a default that does nothing. */
export interface SnapshotOptions<Config> {
  kind: string;
  /** The whole state; asked more than once, and without side effects. */
  save(ctx: DeviceContext<Config>): Promise<Uint8Array>;
  /** Takes the state over; throws where it makes no sense. */
  load(ctx: DeviceContext<Config>, state: Uint8Array): Promise<void>;
  version?: string;
  format?: BackendInfo["format"];
  features?: string[];
  /** Without it the only configuration is an empty object. */
  parseConfig?(input: unknown): Config;
  create?(ctx: DeviceContext<Config>): Promise<void>;
  remove?(ctx: DeviceContext<Config>): Promise<void>;
  stop?(ctx: DeviceContext<Config>): Promise<void>;
  resume?(ctx: DeviceContext<Config>): Promise<void>;
  start?(ctx: DeviceContext<Config>): Promise<void>;
  commit?(ctx: DeviceContext<Config>): Promise<void>;
}

/** A back end whose state is saved and loaded in one piece, after the device has stopped. */
export function snapshotBackend<Config = unknown>(options: SnapshotOptions<Config>): Backend<Config> {
  const info: BackendInfo = {
    kind: options.kind,
    version: options.version ?? "1.0.0",
    format: options.format ?? { writes: 1, reads: [1] },
    features: options.features ?? [],
    can: { precopy: false, toFile: true },
  };
  const device = (ctx: DeviceContext<Config>): Device => ({ sizeBytes: async () => (await save(options, ctx)).length });
  return {
    ...info,
    parseConfig(input) {
      if (options.parseConfig !== undefined) return options.parseConfig(input);
      requireEmpty(input);
      // Without `parseConfig` nothing reads the configuration.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return {} as Config;
    },
    async create(ctx) {
      await options.create?.(ctx);
      return device(ctx);
    },
    async attach(ctx) {
      await options.resume?.(ctx);
      return device(ctx);
    },
    remove: async (ctx) => await options.remove?.(ctx),
    async check(_ctx, peer) {
      const comparison = compareBackends(info, peer.backend);
      if (!comparison.ok || peer.sizeBytes <= snapshotLimitBytes) return comparison;
      return { ok: false, code: "no-room", reason: tooLarge(options.kind, peer.sizeBytes) };
    },
    source: async (ctx) => await openSource(options, ctx),
    destination: async (ctx) => destination(options, ctx),
  };
}

async function openSource<Config>(options: SnapshotOptions<Config>, ctx: DeviceContext<Config>): Promise<Source> {
  let sizeBytes = 0;
  let saveMs = 0;
  let stopped = false;
  const measure = async () => {
    const from = performance.now();
    const state = await save(options, ctx);
    saveMs = performance.now() - from;
    sizeBytes = recordHeaderBytes + 1 + state.length;
    return state;
  };
  const resume = async () => {
    if (stopped) await options.resume?.(ctx);
    stopped = false;
  };
  await measure();
  return {
    async pending(accuracy) {
      if (accuracy === "exact") await measure();
      return { initialBytes: 0, precopyBytes: 0, stopcopyBytes: sizeBytes, fixedMs: 2 * saveMs };
    },
    precopy: async () => undefined,
    async stop() {
      stopped = true;
      await options.stop?.(ctx);
    },
    async final(out) {
      const state = await measure();
      // A record is never empty, so that the state is preceded by a byte of its own.
      await writeRecord(out, Uint8Array.of(snapshotMark), state);
      return digestOf(state);
    },
    resume,
    async commit() {
      await options.commit?.(ctx);
      stopped = false;
    },
    [Symbol.asyncDispose]: resume,
  };
}

function destination<Config>(options: SnapshotOptions<Config>, ctx: DeviceContext<Config>): Destination {
  let digest: StateDigest | undefined;
  return {
    async load(chunks, phase) {
      for await (const record of records(chunks, snapshotLimitBytes + 1)) {
        if (phase === "precopy" || digest !== undefined || record[0] !== snapshotMark) {
          throw new RecordError(`the state of ${options.kind} is one snapshot, sent once the device has stopped`);
        }
        // A copy, since the record may be a view of what the next chunk will overwrite.
        const state = new Uint8Array(record.subarray(1));
        await options.load(ctx, state);
        digest = digestOf(state);
      }
      if (phase === "final" && digest === undefined) throw new RecordError(`no state of ${options.kind} has come`);
    },
    async verify() {
      if (digest === undefined) throw new Error(`No state of ${options.kind} has been loaded`);
      return digest;
    },
    start: async () => await options.start?.(ctx),
    async [Symbol.asyncDispose]() {
      // What was loaded is without effect until the device is started.
    },
  };
}

const snapshotMark = 1;

async function save<Config>(options: SnapshotOptions<Config>, ctx: DeviceContext<Config>): Promise<Uint8Array> {
  const state = await options.save(ctx);
  if (state.length > snapshotLimitBytes) throw new Error(tooLarge(options.kind, state.length));
  return state;
}

function tooLarge(kind: string, sizeBytes: number): string {
  return `the state of ${kind} is ${sizeBytes} bytes; in one piece at most ${snapshotLimitBytes} can move`;
}

function digestOf(state: Uint8Array): StateDigest {
  return { digest: createHash("sha256").update(state).digest("hex") };
}

function requireEmpty(input: unknown): void {
  const empty = typeof input === "object" && input !== null && Object.keys(input).length === 0;
  if (!empty) throw new ConfigError("", "this kind of device has no settings");
}
