import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { World, describeTree, makeFifo, precopy, switchOver, Recorder } from "./support/trees.ts";

const mebibyte = 1024 * 1024;

/** Every kind of content, and what is hard about each. */
function populate(root: string): void {
  mkdirSync(join(root, "a/b/c"), { recursive: true });
  mkdirSync(join(root, "empty"));
  writeFileSync(join(root, "a/small"), "small");
  writeFileSync(join(root, "a/nothing"), "");
  writeFileSync(join(root, "a/one-block"), randomBytes(128 * 1024));
  writeFileSync(join(root, "a/one-more"), randomBytes(128 * 1024 + 1));
  writeFileSync(join(root, "a/b/large"), randomBytes(5 * mebibyte + 4_321));
  writeFileSync(join(root, "a/zeros"), Buffer.alloc(300_000));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x0a, 0x80])]), "not UTF-8");
  writeFileSync(join(root, "n".repeat(255)), "long name");
  writeFileSync(join(root, "new\nline"), "x");
  linkSync(join(root, "a/small"), join(root, "a/b/linked"));
  linkSync(join(root, "a/b/large"), join(root, "linked too"));
  symlinkSync("a/small", join(root, "link"));
  symlinkSync("/nowhere/\u00e9", join(root, "dangling"));
  symlinkSync("..", join(root, "a/b/up"));
  makeFifo(join(root, "fifo"));
  writeFileSync(join(root, "set-user-id"), "x");
  chmodSync(join(root, "set-user-id"), 0o4755);
  chmodSync(join(root, "empty"), 0o1777);
  chmodSync(join(root, "a/b/c"), 0o555);
  utimesSync(join(root, "a/nothing"), "-1234567.25", "-1234567.25");
  utimesSync(join(root, "a/small"), 1_700_000_000.123456, 1_700_000_000.123456);
  lutimesSync(join(root, "link"), 1_600_000_000.654321, 1_600_000_000.654321);
  utimesSync(join(root, "a"), 1_500_000_000.000001, 1_500_000_000.000001);
}

test("every kind of content arrives as it was", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two", { durable: true })];
  await from.backend.create(from.context());
  populate(from.tree);
  const before = describeTree(from.tree);
  await using source = await from.backend.source(from.context());
  await using destination = await to.backend.destination(to.context());
  await precopy(source, destination);
  await switchOver(source, destination);
  await destination.start();
  expect(describeTree(to.tree)).toEqual(before);
  expect(describeTree(from.tree)).toEqual(before);
  await source.commit();
  expect(readdirSync(from.root)).toEqual(["agent"]);
  expect(readdirSync(to.root).toSorted()).toEqual(["agent", "tree"]);
});

test("a tree that does not change leaves nothing for the second round", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  await from.backend.create(from.context());
  populate(from.tree);
  await using source = await from.backend.source(from.context());
  await using destination = await to.backend.destination(to.context());
  const promised = await source.pending("exact");
  const sent = await precopy(source, destination);
  expect(sent).toBeLessThanOrEqual(promised.precopyBytes * 1.25);
  expect(await source.pending("exact")).toMatchObject({ initialBytes: 0, precopyBytes: 0 });
  expect(await precopy(source, destination)).toBe(0);
  await switchOver(source, destination);
});

test("a sparse file of 1 GiB stays sparse and costs little", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  await from.backend.create(from.context());
  const fd = openSync(join(from.tree, "sparse"), "w");
  writeSync(fd, "near the end", 900 * mebibyte);
  ftruncateSync(fd, 1024 * mebibyte + 5);
  closeSync(fd);
  await using source = await from.backend.source(from.context());
  await using destination = await to.backend.destination(to.context());
  expect(await precopy(source, destination)).toBeLessThan(mebibyte);
  await switchOver(source, destination);
  await destination.start();
  const stats = lstatSync(join(to.tree, "sparse"));
  expect(stats.size).toBe(1024 * mebibyte + 5);
  expect(stats.blocks * 512).toBeLessThan(mebibyte);
  expect(readFileSync(join(to.tree, "sparse")).indexOf("near the end")).toBe(900 * mebibyte);
});

test("of a large file only the blocks that changed are sent again, and zeros cost nothing", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  await from.backend.create(from.context());
  const path = join(from.tree, "large");
  writeFileSync(path, randomBytes(16 * mebibyte));
  await using source = await from.backend.source(from.context());
  await using destination = await to.backend.destination(to.context());
  await precopy(source, destination);
  const fd = openSync(path, "r+");
  writeSync(fd, "changed", 9 * mebibyte + 17);
  writeSync(fd, Buffer.alloc(2 * mebibyte), 0, 2 * mebibyte, mebibyte);
  closeSync(fd);
  const sent = await precopy(source, destination);
  expect(sent).toBeGreaterThan(128 * 1024);
  expect(sent).toBeLessThan(130 * 1024);
  truncateSync(path, 8 * mebibyte + 5);
  expect(await precopy(source, destination)).toBeLessThan(1_024);
  await switchOver(source, destination);
  await destination.start();
  expect(describeTree(to.tree)).toEqual(describeTree(from.tree));
});

test("a round keeps to its budget, and rounds of any budget come to an end", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  await from.backend.create(from.context());
  populate(from.tree);
  await using source = await from.backend.source(from.context());
  await using destination = await to.backend.destination(to.context());
  const budget = 400_000;
  let rounds = 0;
  for (let sent = 1; sent > 0; rounds++) {
    sent = await precopy(source, destination, budget);
    expect(sent).toBeLessThanOrEqual(budget);
  }
  expect(rounds).toBeGreaterThan(12);
  await switchOver(source, destination);
  await destination.start();
  expect(describeTree(to.tree)).toEqual(describeTree(from.tree));
});

test("a socket is left out", async () => {
  using world = new World();
  const [from, to] = [world.host("one"), world.host("two")];
  await from.backend.create(from.context());
  const server = createServer().listen(join(from.tree, "socket"));
  await once(server, "listening");
  const source = await from.backend.source(from.context());
  const destination = await to.backend.destination(to.context());
  await precopy(source, destination);
  await switchOver(source, destination);
  await destination.start();
  expect(readdirSync(to.tree)).toEqual([]);
  await source[Symbol.asyncDispose]();
  server.close();
});

test.runIf(process.getuid?.() === 0)("a device node is refused by its path", async () => {
  using world = new World();
  const from = world.host("one");
  await from.backend.create(from.context());
  mkdirSync(join(from.tree, "dev"));
  execFileSync("mknod", [join(from.tree, "dev/null"), "c", "1", "3"]);
  await expect(from.backend.source(from.context())).rejects.toMatchObject({
    code: "unsupported-content",
    message: expect.stringContaining("tree/dev/null"),
  });
});

test("the smallest budget still lets a record through", async () => {
  using world = new World();
  const from = world.host("one");
  await from.backend.create(from.context());
  writeFileSync(join(from.tree, "a"), "content");
  await using source = await from.backend.source(from.context());
  const sink = new Recorder(1);
  await source.precopy(sink);
  expect(sink.sentBytes).toBeGreaterThan(0);
  expect(existsSync(from.tree)).toBe(true);
});
