import { AttachError, type AttachedStatus, isObject, protocolName } from "../attach-protocol.ts";
import type { Accuracy, BackendInfo, Pending, StateDigest } from "../backend.ts";

/** What crosses the socket, checked where it enters; each throws `bad-message`. */

const largestShare = 0.99;

export function accuracyOf(value: unknown): Accuracy {
  if (value === "estimate" || value === "exact") return value;
  throw wrong("accuracy is estimate or exact");
}

export function budgetOf(value: unknown): number {
  if (value === undefined) return Infinity;
  return figure(value, "budget");
}

export function figure(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw wrong(`${name} is a number, finite and not negative`);
}

export function pendingOf(value: unknown): Pending {
  const said = fields(value, "pending");
  const pending: Pending = {
    initialBytes: figure(said["initialBytes"], "initialBytes"),
    precopyBytes: figure(said["precopyBytes"], "precopyBytes"),
    stopcopyBytes: figure(said["stopcopyBytes"], "stopcopyBytes"),
    fixedMs: figure(said["fixedMs"], "fixedMs"),
  };
  if (said["reinit"] === true) pending.reinit = true;
  if (said["saveMs"] !== undefined) pending.saveMs = figure(said["saveMs"], "saveMs");
  if (said["bytesPerSec"] !== undefined) pending.bytesPerSec = rate(said["bytesPerSec"], "bytesPerSec");
  if (typeof said["mayShrink"] === "boolean") pending.mayShrink = said["mayShrink"];
  if (typeof said["carried"] === "boolean") pending.carried = said["carried"];
  return pending;
}

/** The share of its speed that a device is to lose: never all of it. */
export function shareOf(value: unknown): number {
  const share = figure(value, "share");
  if (share <= largestShare) return share;
  throw wrong(`share is at most ${largestShare}`);
}

export function resetOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong("reset is true or false");
}

export function digestOf(value: unknown): StateDigest {
  const { digest } = fields(value, "a digest");
  if (typeof digest === "string" && /^[0-9a-f]{1,256}$/.test(digest)) return { digest };
  throw wrong("a digest is lower-case hexadecimal");
}

export function statusIn(value: unknown): AttachedStatus {
  const { state, complete } = fields(value, "status");
  if (state !== "running" && state !== "stopped" && state !== "incoming" && state !== "empty") {
    throw wrong("state is running, stopped, incoming or empty");
  }
  return complete === true ? { state, complete } : { state };
}

/** The versions, the process and the back end that a hello names. */
export function helloOf(said: Record<string, unknown>): { versions: number[]; pid: number; backend: BackendInfo } {
  if (said["protocol"] !== protocolName) throw wrong(`the other side does not speak ${protocolName}`);
  return {
    versions: numbers(said["versions"], "versions"),
    pid: figure(said["pid"], "pid"),
    backend: backendOf(fields(said["backend"], "backend")),
  };
}

function backendOf(said: Record<string, unknown>): BackendInfo {
  const format = fields(said["format"], "format");
  const can = fields(said["can"], "can");
  const parallelStreams = can["parallelStreams"];
  return {
    kind: text(said["kind"], "kind"),
    version: text(said["version"], "version"),
    format: { writes: figure(format["writes"], "writes"), reads: numbers(format["reads"], "reads") },
    features: list(said["features"], "features").map((each) => text(each, "a feature")),
    can: {
      precopy: can["precopy"] !== false,
      switchoverAck: can["switchoverAck"] === true,
      ...(parallelStreams === undefined ? {} : { parallelStreams: figure(parallelStreams, "parallelStreams") }),
      ...(can["throttle"] === true ? { throttle: true } : {}),
    },
  };
}

/** A rate of 0 would mean that it never ends. */
function rate(value: unknown, name: string): number {
  if (figure(value, name) > 0) return figure(value, name);
  throw wrong(`${name} is more than 0`);
}

function fields(value: unknown, name: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw wrong(`${name} is an object`);
}

function numbers(value: unknown, name: string): number[] {
  return list(value, name).map((each) => figure(each, name));
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value) && value.length <= 1000) return value;
  throw wrong(`${name} is a list`);
}

function text(value: unknown, name: string): string {
  if (typeof value === "string" && value.length <= 1000) return value;
  throw wrong(`${name} is a string`);
}

function wrong(detail: string): AttachError {
  return new AttachError("bad-message", detail);
}
