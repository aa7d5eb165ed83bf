/** How a guest was written before its migration, as the source watched it. Bytes, ms. */
export interface DirtyHistory {
  /** One rate for so many ms. */
  everyMs: number;
  /** Oldest first. */
  bytesPerSec: readonly number[];
  /** U(τ): the distinct bytes that were written in a window of `overMs`, with the error of a sample (1 sd). Shortest window first. */
  curve: readonly { overMs: number; bytes: number; sdBytes?: number | undefined }[];
}
