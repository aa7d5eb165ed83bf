/**
 * Why a channel ended before its time. Codes are stable; they travel in error frames, so that both ends report the same.
 *
 * | code | meaning |
 * |---|---|
 * | `tls-required` | the address is not loopback, and plain TCP is for loopback only |
 * | `already-open` | the listener expects this migration, device and stream already |
 * | `bad-hello` | what the dialler sent first is no hello, or was too long in coming |
 * | `version-mismatch` | the dialler speaks another version of the protocol |
 * | `unknown-channel` | nobody expects this migration, device and stream here |
 * | `wrong-ticket` | the channel is expected, with another ticket |
 * | `too-many-connections` | too many diallers have not shown their tickets yet; the only refusal that is tried again |
 * | `cannot-resume` | the frames asked for are no longer (or not yet) kept by the source |
 * | `bad-frame` | a frame's header fails its check or names a type, flag or content that does not exist |
 * | `oversized-frame` | a frame is longer than the protocol allows |
 * | `bad-sequence` | a frame is missing, doubled or out of order |
 * | `unexpected-frame` | a frame that the sender may not send at this point |
 * | `checksum-mismatch` | a frame's payload is not what was sent |
 * | `digest-mismatch` | every frame is whole, but together they are not the stream that was sent |
 * | `link-lost` | no connection within the time that the channel waits for one |
 * | `peer-failed` | the other side called `fail`; `reason` is the code it gave |
 * | `peer-closed` | the other side closed the channel before the stream's end |
 * | `aborted` | the signal of one side was aborted |
 * | `closed` | this side has closed the channel |
 */
export const channelErrorCodes = [
  "tls-required",
  "already-open",
  "bad-hello",
  "version-mismatch",
  "unknown-channel",
  "wrong-ticket",
  "too-many-connections",
  "cannot-resume",
  "bad-frame",
  "oversized-frame",
  "bad-sequence",
  "unexpected-frame",
  "checksum-mismatch",
  "digest-mismatch",
  "link-lost",
  "peer-failed",
  "peer-closed",
  "aborted",
  "closed",
] as const;

export type ChannelErrorCode = (typeof channelErrorCodes)[number];

/** The one class of everything that goes wrong with a channel. */
export class ChannelError extends Error {
  override name = "ChannelError";
  readonly code: ChannelErrorCode;
  /** With `peer-failed`: the code that the other side gave to `fail`. */
  readonly reason: string | undefined;

  constructor(code: ChannelErrorCode, detail: string, options: { reason?: string | undefined; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
  }
}

export function isChannelErrorCode(value: unknown): value is ChannelErrorCode {
  return (channelErrorCodes as readonly unknown[]).includes(value);
}
