import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { World, describeTree, makeFifo, precopy, switchOver } from "./support/trees.ts";

const names = ["a", "b", "c", "d"];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const size = fc.oneof(fc.nat(50), fc.constantFrom(131_071, 131_072, 131_073, 400_000, 1_100_000));
const asRoot = process.getuid?.() === 0;

/** What a service may do to its tree. What does not fit the tree as it is fails, and that is fine. */
const operation = fc.oneof(
  fc.record({ do: fc.constant("directory" as const), path }),
  fc.record({ do: fc.constant("write" as const), path, size, fill: fc.nat(3) }),
  fc.record({ do: fc.constant("append" as const), path, size, fill: fc.nat(3) }),
  fc.record({ do: fc.constant("truncate" as const), path, size }),
  fc.record({ do: fc.constant("rename" as const), path, to: path }),
  fc.record({ do: fc.constant("swap" as const), path, to: path }),
  fc.record({ do: fc.constant("remove" as const), path }),
  fc.record({ do: fc.constant("mode" as const), path, mode: fc.constantFrom(0o600, 0o4755, 0o700, 0o1777) }),
  fc.record({ do: fc.constant("owner" as const), path, id: fc.nat(70_000) }),
  fc.record({
    do: fc.constant("time" as const),
    path,
    seconds: fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }),
  }),
  fc.record({ do: fc.constant("symlink" as const), path, to: path }),
  fc.record({ do: fc.constant("link" as const), path, to: path }),
  fc.record({ do: fc.constant("fifo" as const), path }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

test("whatever is done to a tree between the rounds, the trees are equal at the end", { timeout: 60_000 }, async () => {
  const parts = fc.array(fc.array(operation, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
  const budget = fc.constantFrom(Infinity, 200_000, 3_000);
  await fc.assert(
    fc.asyncProperty(parts, budget, async (parts, budget) => {
      using world = new World();
      const [from, to] = [world.host("one"), world.host("two")];
      await from.backend.create(from.context());
      await using source = await from.backend.source(from.context());
      await using destination = await to.backend.destination(to.context());
      for (const operations of parts) {
        await precopy(source, destination, budget);
        for (const each of operations) attempt(each, from.tree);
      }
      await switchOver(source, destination);
      await destination.start();
      expect(describeTree(to.tree)).toEqual(describeTree(from.tree));
    }),
    { numRuns: 80 },
  );
});

test("a writer that goes on until the quiesce command ends it loses nothing", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  const config = { quiesce: 'kill "$(cat writer.pid)"; while kill -0 "$(cat writer.pid)" 2>/dev/null; do :; done' };
  await from.backend.create(from.context(config));
  const writer = spawn("/bin/sh", ["-c", writerScript], { cwd: from.tree, stdio: ["ignore", "pipe", "ignore"] });
  await once(writer.stdout, "data");
  const ended = once(writer, "exit");
  await using source = await from.backend.source(from.context(config));
  await using destination = await to.backend.destination(to.context());
  for (let round = 0; round < 8; round++) await precopy(source, destination);
  await switchOver(source, destination);
  await ended;
  await destination.start();
  expect(describeTree(to.tree)).toEqual(describeTree(from.tree));
  expect(readFileSync(join(to.tree, "log"), "utf8").split("\n").length).toBeGreaterThan(1);
});

/**
 * Appends, rewrites by rename, grows and removes, without a pause. It ends once the command that it is at has: a shell that is killed leaves
 * that one running, and it would go on writing after the quiesce.
 */
const writerScript = `
trap 'exit 0' TERM
echo $$ > writer.pid
i=0
while :; do
  i=$((i+1))
  echo "line $i" >> log
  echo "$i" > next && mv next current
  mkdir -p "d$((i % 7))" && echo "$i" > "d$((i % 7))/file" && rm -rf "d$(((i + 3) % 7))"
  [ $i = 1 ] && echo started
done`;

function attempt(operation: Operation, root: string): void {
  try {
    perform(operation, join(root, operation.path), root);
  } catch (error) {
    // The operation did not fit; anything that is not the system's refusal is a fault of this test.
    if (!(error instanceof Error && ("syscall" in error || "status" in error))) throw error;
  }
}

function perform(operation: Operation, path: string, root: string): void {
  switch (operation.do) {
    case "directory":
      return void mkdirSync(path, { recursive: true });
    case "write":
      if (isFifo(path)) return undefined;
      return writeFileSync(path, Buffer.alloc(operation.size, operation.fill));
    case "append":
      if (isFifo(path)) return undefined;
      return appendFileSync(path, Buffer.alloc(operation.size, operation.fill));
    case "truncate":
      if (isFifo(path)) return undefined;
      return truncateSync(path, operation.size);
    case "rename":
      return renameSync(path, join(root, operation.to));
    case "swap":
      renameSync(path, join(root, "aside"));
      renameSync(join(root, operation.to), path);
      return renameSync(join(root, "aside"), join(root, operation.to));
    case "remove":
      return rmSync(path, { recursive: true, force: true });
    case "mode":
      return chmodSync(path, operation.mode);
    case "owner":
      return asRoot ? chownSync(path, operation.id, operation.id) : undefined;
    case "time":
      return lutimesSync(path, String(operation.seconds), String(operation.seconds));
    case "symlink":
      return symlinkSync(operation.to, path);
    case "link":
      return linkSync(path, join(root, operation.to));
    case "fifo":
      return makeFifo(path);
  }
}

/** Opening one to write would wait for a reader. */
function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}
