import { type Bytes, shown } from "./bytes.ts";

/** The tree holds what this back end does not carry. */
export class UnsupportedContentError extends Error {
  override name = "UnsupportedContentError";
  readonly code = "unsupported-content";
  constructor(path: Bytes, what: string) {
    super(`${shown(path)}: ${what}`);
  }
}

/** The stream is damaged, or was not written by a source of this format. */
export class BadStreamError extends Error {
  override name = "BadStreamError";
  readonly code = "bad-stream";
}

/** The tree goes on changing after the device was stopped. */
export class StillChangingError extends Error {
  override name = "StillChangingError";
  readonly code = "still-changing";
  constructor(path: Bytes) {
    super(`${shown(path)} changes although the device was stopped; does its quiesce command stop every writer?`);
  }
}

/** The directory of the device is not as it has to be. */
export class BadDirectoryError extends Error {
  override name = "BadDirectoryError";
  readonly code = "invalid-config";
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
