import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Destination } from "@godwit/backend";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Tree, noOwner } from "./tree.ts";
import { type Change, headBytes, readChange, writeHead } from "./stream.ts";
import { Recorder, World, describeTree } from "./support/trees.ts";
import { Staging } from "./staging.ts";

/** The stream of a small tree of many kinds, with its digest. */
async function recorded(world: World) {
  const from = world.host("one");
  await from.backend.create(from.context());
  writeFileSync(join(from.tree, "file"), randomBytes(3_000));
  writeFileSync(join(from.tree, "large"), randomBytes(150_000));
  await using source = await from.backend.source(from.context());
  await source.stop();
  const sink = new Recorder();
  const { digest } = await source.final(sink);
  return { from, digest, bytes: sink.bytes };
}

async function load(destination: Destination, pieces: Iterable<Uint8Array>): Promise<string> {
  await destination.load(
    (async function* () {
      yield* pieces;
    })(),
    "final",
  );
  return (await destination.verify()).digest;
}

function* cut(bytes: Buffer, lengths: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + lengths());
    // A chunk is valid only until the next is asked for.
    const chunk = Buffer.from(bytes.subarray(at, end));
    yield chunk;
    chunk.fill(0xdd);
    at = end;
  }
}

test("the borders of chunks do not matter", async () => {
  using world = new World();
  const { from, digest, bytes } = await recorded(world);
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) % 70_000 || 1;
  for (const [index, lengths] of [() => 1, () => 4_096, () => bytes.length, random].entries()) {
    const to = world.host(`two-${index}`);
    await using destination = await to.backend.destination(to.context());
    expect(await load(destination, cut(bytes, lengths))).toBe(digest);
    await destination.start();
    expect(describeTree(to.tree)).toEqual(describeTree(from.tree));
  }
});

test("a flipped bit is refused or shows in the digest, a truncated stream is refused", async () => {
  using world = new World();
  const { digest, bytes } = await recorded(world);
  const to = world.host("two");
  const attempt = async (damaged: Buffer) => {
    await using destination = await to.backend.destination(to.context());
    return await load(destination, [damaged]).catch(() => "refused");
  };
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.nat(120), fc.nat(bytes.length - 1)), fc.nat(7), async (at, bit) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      expect(await attempt(damaged)).not.toBe(digest);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
      expect(await attempt(bytes.subarray(0, length))).toBe("refused");
    }),
    { numRuns: 50 },
  );
});

const empty = Buffer.alloc(0);
const id = fc.nat(4);
const parent = fc.constantFrom(0, 0, 0, 1, 2, 3);
const name = fc.constantFrom("a", "a", "b", "c", "..", ".", "", "a/b", "/", "../../escaped", "x\0y");
const attributes = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.constant(noOwner),
  gid: fc.constant(noOwner),
  mtimeUs: fc.nat(),
  size: fc.constantFrom(0, 0, 3, 200_000),
});
const payload = fc.constantFrom("abc", "", "..", "../..", "/tmp", "../../../other").map((text) => Buffer.from(text));
const kind = fc.constantFrom("file", "directory", "symlink");
const sized = (size: number) => attributes.map((all) => ({ ...all, size }));
const make = { type: fc.constant("make"), id: fc.constant(0), parent, name } as const;
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ ...make, kind, attributes, payload }),
  fc.record({ ...make, kind: fc.constant("directory"), attributes: sized(0), payload: fc.constant(empty) }),
  fc.record({ ...make, kind: fc.constant("symlink"), attributes: sized(0), payload }),
  fc.record({ ...make, kind: fc.constant("file"), attributes: sized(3), payload: fc.constant(Buffer.from("abc")) }),
  fc.record({ type: fc.constant("change"), id, attributes }),
  fc.record({ type: fc.constant("data"), id, offset: fc.constantFrom(0, 131_072), content: payload }),
  fc.record({ type: fc.constant("link"), id, parent, name }),
  fc.record({ type: fc.constant("detach"), parent, name }),
  fc.record({ type: fc.constant("remove"), id }),
);

test("no sequence of records, even if it goes on after a refusal, writes outside of the staging directory", async () => {
  using world = new World();
  const other = join(world.folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "a"), "precious");
  const before = describeTree(other);
  let [applied, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 25 }), async (changes) => {
      const folder = join(world.folder, "staging");
      const staging = new Staging(folder);
      for (const change of changes) {
        await staging.apply(overWire(amongKnown(change, staging.tree))).then(
          () => applied++,
          () => refused++,
        );
      }
      staging.close();
      expect(describeTree(other)).toEqual(before);
      expect(readdirSync(folder).toSorted()).toEqual(["limbo", "tree"]);
      expect(readdirSync(world.folder).toSorted()).toEqual(["other", "staging"]);
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 600 },
  );
  expect(applied).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(300);
});

/** Most ids become those of nodes that are there, so that most changes get past the first check. */
function amongKnown(change: Change, tree: Tree): Change {
  const known = [...tree.nodes.keys()];
  const pick = (id: number) => (id === 4 ? 99 : (known[id % known.length] ?? 0));
  return {
    ...change,
    ...("parent" in change ? { parent: pick(change.parent) } : {}),
    ...("id" in change ? { id: change.type === "make" ? tree.nextId : pick(change.id) } : {}),
  };
}

/** Also shows that what is written is what is read. */
function overWire(change: Change): Change {
  const content = change.type === "make" ? change.payload : change.type === "data" ? change.content : empty;
  const head = Buffer.alloc(headBytes);
  const record = Buffer.concat([head.subarray(0, writeHead(change, head, content.length)), content]);
  expect(record.readUInt32LE(0)).toBe(record.length - 4);
  const read = readChange(record.subarray(4));
  expect(read).toEqual(change);
  return read;
}

test("offsets beyond 4 GiB are kept", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "godwit-staging-")), "staging");
  const staging = new Staging(folder);
  const size = 5 * 1024 ** 3;
  const attributes = { mode: 0o600, uid: noOwner, gid: noOwner, mtimeUs: 0, size };
  await staging.apply({ type: "make", id: 1, parent: 0, kind: "file", attributes, name: "big", payload: empty });
  const offset = size - 131_072;
  await staging.apply({ type: "data", id: 1, offset, content: Buffer.alloc(131_072, 7) });
  staging.close();
  const fd = openSync(join(folder, "tree", "big"), "r");
  const bytes = Buffer.alloc(4);
  readSync(fd, bytes, 0, 4, offset);
  closeSync(fd);
  expect(bytes).toEqual(Buffer.alloc(4, 7));
  rmSync(join(folder, ".."), { recursive: true });
});
