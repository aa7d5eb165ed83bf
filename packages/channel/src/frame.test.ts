import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Arena } from "./arena.ts";
import { ChannelError } from "./errors.ts";
import { FrameReader, receiveSlotBytes } from "./frame-reader.ts";
import {
  chunkPayloadLimit,
  controlPayloadLimit,
  decodeHeader,
  encodeHeader,
  frameTypeNames,
  headerBytes,
  paddingOf,
  preamble,
} from "./frame.ts";
import { controlFrame, parseNumber } from "./messages.ts";

const word = fc.nat(0xffff_ffff);
const headers = fc
  .record({
    type: fc.constantFrom(...frameTypeNames),
    sequence: fc.nat(2 ** 48 - 1),
    size: fc.nat(chunkPayloadLimit - 1),
    checksum: fc.tuple(word, word),
  })
  .map(({ size, ...header }) => ({
    ...header,
    length: header.type === "chunk" ? size + 1 : size % (controlPayloadLimit + 1),
  }));

test("a header is read as it was written", () => {
  fc.assert(
    fc.property(headers, (header) => {
      expect(decodeHeader(encodeHeader(header))).toEqual(header);
    }),
  );
});

test("a header with any bit flipped is refused as bad-frame", () => {
  fc.assert(
    fc.property(headers, fc.nat(headerBytes * 8 - 1), (header, bit) => {
      const bytes = flipped(encodeHeader(header), bit);
      expect(codeOf(() => decodeHeader(bytes))).toBe("bad-frame");
    }),
    { numRuns: 1000 },
  );
});

test("a chunk or a control frame longer than allowed is refused as oversized-frame", () => {
  const checksum = [0, 0] as const;
  const chunk = encodeHeader({ type: "chunk", sequence: 1, length: chunkPayloadLimit + 1, checksum });
  expect(codeOf(() => decodeHeader(chunk))).toBe("oversized-frame");
  const ping = encodeHeader({ type: "ping", sequence: 1, length: controlPayloadLimit + 1, checksum });
  expect(codeOf(() => decodeHeader(ping))).toBe("oversized-frame");
});

test("a chunk without a payload is refused as bad-frame", () => {
  const empty = encodeHeader({ type: "chunk", sequence: 1, length: 0, checksum: [0, 0] });
  expect(codeOf(() => decodeHeader(empty))).toBe("bad-frame");
});

/** Chunks by their payloads, control frames by their rounds. */
const streams = fc.array(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.nat(1000)), { maxLength: 8 });
const pieces = fc.infiniteStream(fc.integer({ min: 1, max: 5000 }));

test("whatever the borders of reads, the reader delivers the frames that were written", () => {
  fc.assert(
    fc.property(streams, pieces, (stream, sizes) => {
      const { seen } = read(encoded(stream), sizes);
      expect(seen).toEqual(stream.map((part) => (typeof part === "number" ? part : Buffer.from(part).toString("hex"))));
    }),
  );
});

test("a stream with a bit flipped anywhere stops with an error before the damaged frame is delivered", () => {
  fc.assert(
    fc.property(streams, pieces, fc.nat(), (stream, sizes, position) => {
      const bytes = encoded(stream);
      fc.pre(stream.length > 0);
      const whole = read(bytes, sizes).seen;
      const { seen, code } = read(flipped(bytes, position % (bytes.length * 8)), sizes);
      expect(["bad-frame", "checksum-mismatch"]).toContain(code);
      expect(seen.length).toBeLessThan(whole.length);
      expect(whole.slice(0, seen.length)).toEqual(seen);
    }),
    { numRuns: 300 },
  );
});

test("bytes that do not begin with the preamble are refused as bad-hello, another version as version-mismatch", () => {
  const preambleCode = (bytes: Uint8Array) => codeOf(() => preambled().feed(bytes));
  expect(preambleCode(Buffer.from("GET / HTTP/1.1\r\n\r\n"))).toBe("bad-hello");
  expect(preambleCode(Uint8Array.from([...preamble.subarray(0, 4), 2, 0, 0, 0]))).toBe("version-mismatch");
  expect(preambleCode(preamble)).toBeUndefined();
});

function preambled(): FrameReader {
  return new FrameReader({ expectPreamble: true, onFrame: () => {} });
}

const arena = new Arena(receiveSlotBytes, 2);

function encoded(stream: (Uint8Array | number)[]): Buffer {
  const frames = stream.map((part, index) => {
    if (typeof part === "number") return controlFrame("round-end", index + 1, { round: part });
    const header = { type: "chunk", sequence: index + 1, length: part.length, checksum: arena.checksum(part) } as const;
    return { header: encodeHeader(header), payload: part };
  });
  return Buffer.concat(frames.flatMap(({ header, payload }) => [header, payload, paddingOf(payload.length)]));
}

/** Reads as a socket would: into the target, as much as there is, at most as much as the next of `sizes` says. */
function read(bytes: Buffer, sizes: Iterator<number>): { seen: (string | number)[]; code: string | undefined } {
  const seen: (string | number)[] = [];
  const reader = new FrameReader({
    arena,
    onFrame: ({ header, payload }) => {
      if (header.type === "chunk") {
        seen.push(Buffer.from(payload).toString("hex"));
        arena.release(payload);
      } else seen.push(parseNumber("round-end", "round", payload));
    },
  });
  const code = codeOf(() => {
    for (let at = 0; at < bytes.length;) {
      const { target } = reader;
      const count = bytes.copy(target, 0, at, at + Number(sizes.next().value));
      at += count;
      reader.filled(count);
    }
  });
  reader.discard();
  return { seen, code };
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const damaged = Buffer.from(bytes);
  damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return damaged;
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ChannelError) return error.code;
    throw error;
  }
}
