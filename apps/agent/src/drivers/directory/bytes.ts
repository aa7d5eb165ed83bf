/**
 * File names are bytes, in no particular encoding. They are kept as strings of one character per byte (latin1), which
 * sort, concatenate and serve as keys the way the bytes do; `toPath` gives the bytes back.
 */
export type Bytes = string;

export function toPath(name: Bytes): Buffer {
  return Buffer.from(name, "latin1");
}

export function fromText(text: string): Bytes {
  return Buffer.from(text).toString("latin1");
}

/** For messages: readable where it is UTF-8, and on one line. */
export function shown(name: Bytes): string {
  return JSON.stringify(Buffer.from(name, "latin1").toString("utf8"));
}
