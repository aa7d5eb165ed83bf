export * from "./backend.ts";
export { compareBackends } from "./compare-backends.ts";
export { DirtyBitmap } from "./dirty-bitmap.ts";
export {
  beginRecord,
  type OutgoingRecord,
  recordHeaderBytes,
  recordLimitBytes,
  RecordError,
  records,
  writeRecord,
} from "./records.ts";
export { checkOf, lackingOf, objectionsOf } from "./objections.ts";
export { AttachError, type AttachedStatus } from "./attach-protocol.ts";
export { attach, type Attached } from "./attach.ts";
export type { AttachedDevice } from "./attach/attached-device.ts";
export { type AttachedServer, serveAttached, type ServeOptions } from "./serve-attached.ts";
export { type FileDestination, type FileSource, openFileDestination, openFileSource } from "./to-file.ts";
export { snapshotBackend, type SnapshotOptions } from "./snapshot-backend.ts";
