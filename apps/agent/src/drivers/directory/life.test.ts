import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, type PeerDevice } from "@godwit/backend";
import { expect, test } from "vitest";
import { Recorder, World, describeTree, precopy, switchOver } from "./support/trees.ts";

/** Commands that note what was done, outside of the tree. */
const noting = {
  resume: 'echo "resume $GODWIT_GUEST $GODWIT_DEVICE $GODWIT_HOST $GODWIT_DIRECTORY" >> ../log',
  quiesce: 'echo "quiesce" >> ../log',
};

function notes(root: string): string[] {
  return existsSync(join(root, "log")) ? readFileSync(join(root, "log"), "utf8").trim().split("\n") : [];
}

function peerOf({ backend }: ReturnType<World["host"]>, sizeBytes = 1_000): PeerDevice {
  const { kind, version, format, features, can } = backend;
  return { backend: { kind, version, format, features, can }, sizeBytes };
}

test("a guest moves to another host and back, its service started and stopped once for each", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  const config = { ...noting };
  await one.backend.create(one.context(config));
  writeFileSync(join(one.tree, "data"), "first");
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    const before = describeTree(from.tree);
    expect(await to.backend.check(to.context(config), peerOf(from))).toEqual({ ok: true });
    await using source = await from.backend.source(from.context(config));
    await using destination = await to.backend.destination(to.context(config));
    await precopy(source, destination);
    await switchOver(source, destination);
    await destination.start();
    await source.commit();
    expect(existsSync(from.tree)).toBe(false);
    expect(describeTree(to.tree)).toEqual(before);
  }
  const resumed = (host: string, tree: string) => `resume shop data ${host} ${tree}`;
  expect(notes(one.root)).toEqual([resumed("one", one.tree), "quiesce", resumed("one", one.tree)]);
  expect(notes(two.root)).toEqual([resumed("two", two.tree), "quiesce"]);
});

test("a service whose quiesce command failed is asked again before the device is removed", async () => {
  using world = new World();
  const { backend, context, root } = world.host("one");
  const config = { quiesce: "echo asked >> ../log; [ -e ../allowed ]" };
  await backend.create(context(config));
  await expect(backend.remove(context(config))).rejects.toThrow("quiesce");
  writeFileSync(join(root, "allowed"), "");
  await backend.remove(context(config));
  expect(notes(root)).toEqual(["asked", "asked"]);
});

test("content that was never read is no fixed cost: it is read while it is sent", async () => {
  using world = new World();
  const { backend, context, tree } = world.host("one");
  await backend.create(context());
  writeFileSync(join(tree, "volume"), "");
  truncateSync(join(tree, "volume"), 1024 ** 4);
  await using source = await backend.source(context());
  expect((await source.pending("exact")).fixedMs).toBeLessThan(10_000);
});

test("onMoved keep leaves the tree under another name, so that its place is free", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  await one.backend.create(one.context({ onMoved: "keep" }));
  writeFileSync(join(one.tree, "data"), "kept");
  await using source = await one.backend.source(one.context({ onMoved: "keep" }));
  await using destination = await two.backend.destination(two.context());
  await switchOver(source, destination);
  await destination.start();
  await source.commit();
  await source.commit();
  const kept = readdirSync(one.root).filter((name) => /^tree\.godwit-moved-\d{8}T\d{9}Z$/.test(name));
  expect(kept).toHaveLength(1);
  expect(readFileSync(join(one.root, kept[0] ?? "", "data"), "utf8")).toBe("kept");
  expect(await one.backend.check(one.context(), peerOf(two))).toEqual({ ok: true });
});

test("attaching does not start a service twice, nor one that a source holds stopped, but one that was left stopped", async () => {
  using world = new World();
  const { backend, context, root } = world.host("one");
  const ctx = context(noting);
  await backend.create(ctx);
  await world.host("one").backend.attach(ctx);
  expect(notes(root)).toHaveLength(1);
  const source = await backend.source(ctx);
  await source.stop();
  await backend.attach(ctx);
  expect(notes(root)).toHaveLength(2);
  await source.resume();
  await source.resume();
  expect(notes(root)).toHaveLength(3);
  await source.stop();
  // Another agent, after a restart, knows only the folder.
  await world.host("one").backend.attach(ctx);
  expect(notes(root)).toHaveLength(5);
  await source[Symbol.asyncDispose]();
  expect(notes(root)).toHaveLength(5);
});

test("a released copy is discarded after a restart, also where that was interrupted before", async () => {
  using world = new World();
  const { backend, context, tree, root } = world.host("one");
  await backend.create(context());
  mkdirSync(join(tree, "d"));
  const source = await backend.source(context());
  await source.stop();
  const { backend: restarted } = world.host("one");
  const again = await restarted.source(context());
  await again.commit();
  const yetAgain = await restarted.source(context());
  await yetAgain.commit();
  expect(readdirSync(root)).toEqual(["agent"]);
});

test("what was granted and received whole is started after a restart of the agent", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  await one.backend.create(one.context());
  writeFileSync(join(one.tree, "data"), "whole");
  await using source = await one.backend.source(one.context());
  const destination = await two.backend.destination(two.context(noting));
  await precopy(source, destination);
  await switchOver(source, destination);
  await world.host("two").backend.attach(two.context(noting));
  expect(readFileSync(join(two.tree, "data"), "utf8")).toBe("whole");
  expect(notes(two.root)).toHaveLength(1);
});

test("disposal leaves nothing behind at the destination, and the service running at the source, in every state", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  await one.backend.create(one.context(noting));
  writeFileSync(join(one.tree, "data"), "x");
  for (const steps of [0, 1, 2, 3]) {
    const source = await one.backend.source(one.context(noting));
    const destination = await two.backend.destination(two.context());
    if (steps > 0) await precopy(source, destination);
    if (steps === 2) await source.stop();
    if (steps > 2) await switchOver(source, destination);
    await destination[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    expect(readdirSync(two.root)).toEqual([]);
  }
  expect(notes(one.root).map((line) => line.split(" ")[0])).toEqual([
    "resume",
    "quiesce",
    "resume",
    "quiesce",
    "resume",
  ]);
});

test("disposal ends a round that waits for its sink, and a quiesce command that hangs", async () => {
  using world = new World();
  const { backend, context, tree } = world.host("one");
  const ctx = context({ quiesce: "touch ../stopping; sleep 600" });
  await backend.create(ctx);
  writeFileSync(join(tree, "data"), "x");
  const waiting = await backend.source(ctx);
  const sink = new Recorder();
  const reached = new Promise<void>((resolve) => {
    sink.write = async () => {
      resolve();
      await new Promise(() => {});
    };
  });
  const round = waiting.precopy(sink).catch(String);
  await reached;
  await waiting[Symbol.asyncDispose]();
  expect(await round).toContain("called off");
  const hanging = await backend.source(ctx);
  const stop = hanging.stop().catch(String);
  while (!existsSync(join(tree, "../stopping"))) await new Promise((resolve) => setImmediate(resolve));
  await hanging[Symbol.asyncDispose]();
  expect(await stop).toContain("The quiesce command was called off");
});

test("disposal of a destination ends a load that waits for the stream, and what comes later is not written", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  await one.backend.create(one.context());
  writeFileSync(join(one.tree, "data"), "x");
  await using source = await one.backend.source(one.context());
  const sink = new Recorder();
  await source.precopy(sink);
  const destination = await two.backend.destination(two.context());
  let arrive = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const late = (async function* () {
    await arrival;
    yield* sink.chunks;
  })();
  const load = destination.load(late, "precopy").catch(String);
  await destination[Symbol.asyncDispose]();
  arrive();
  expect(await load).toContain("disposed");
  expect(readdirSync(two.root)).toEqual([]);
});

test("a command that fails or hangs is reported with the end of its output, and its whole process group is gone", async () => {
  using world = new World();
  const { backend, context, root } = world.host("one");
  const failing = context({ resume: "yes no | head -c 100000; echo the disk is on fire >&2; exit 3" });
  const failure = await backend.create(failing).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "command-failed",
    message: expect.stringMatching(/ended with 3: .*on fire$/s),
  });
  expect(String(failure).length).toBeLessThan(3_000);
  const hanging = context({ resume: "sh -c 'echo $$ > ../pid; sleep 600' & sleep 600", commandTimeoutMs: 300 });
  await expect(backend.create(hanging)).rejects.toThrow("took longer than 300 ms");
  expect(isAlive(Number(readFileSync(join(root, "pid"), "utf8")))).toBe(false);
});

test("a failing quiesce command leaves the service running once the source is disposed of", async () => {
  using world = new World();
  const { backend, context, root } = world.host("one");
  const ctx = context({ ...noting, quiesce: "echo cannot; exit 1" });
  await backend.create(ctx);
  const source = await backend.source(ctx);
  await expect(source.stop()).rejects.toThrow("cannot");
  await source[Symbol.asyncDispose]();
  expect(notes(root)).toHaveLength(2);
});

test("a start that fails takes nothing into place, and can be tried again", async () => {
  using world = new World();
  const [one, two] = [world.host("one"), world.host("two")];
  await one.backend.create(one.context());
  writeFileSync(join(one.tree, "data"), "x");
  await using source = await one.backend.source(one.context());
  const ctx = two.context({ resume: "test -e ../allowed" });
  await using destination = await two.backend.destination(ctx);
  await switchOver(source, destination);
  await expect(destination.start()).rejects.toMatchObject({ code: "command-failed" });
  expect(existsSync(two.tree)).toBe(false);
  writeFileSync(join(two.root, "allowed"), "");
  await destination.start();
  expect(readdirSync(two.tree)).toEqual(["data"]);
});

test("a destination whose place is taken, or that lacks room or features, says so beforehand", async () => {
  using world = new World();
  const { backend, context, tree } = world.host("one");
  const peer = peerOf(world.host("two"));
  mkdirSync(tree, { recursive: true });
  expect(await backend.check(context(), peer)).toEqual({ ok: true });
  expect(await backend.check(context(), { ...peer, sizeBytes: 2 ** 52 })).toMatchObject({
    code: "no-room",
    reason: expect.stringMatching(/\d+ bytes free; the device has 4503599627370496/),
  });
  writeFileSync(join(tree, "taken"), "");
  expect(await backend.check(context(), peer)).toMatchObject({
    code: "address-in-use",
    reason: expect.stringContaining("config.path"),
  });
  const newer = { ...peer.backend, format: { writes: 9, reads: [9] } };
  expect(await backend.check(context(), { ...peer, backend: newer })).toMatchObject({ code: "incompatible-format" });
});

test("removing a device ends its service and leaves the user's tree", async () => {
  using world = new World();
  const { backend, context, tree, root } = world.host("one");
  await backend.create(context(noting));
  writeFileSync(join(tree, "data"), "x");
  await backend.remove(context(noting));
  await backend.remove(context(noting));
  expect(notes(root)).toHaveLength(2);
  expect(readdirSync(tree)).toEqual(["data"]);
  rmSync(tree, { recursive: true });
});

test("a configuration is refused by the field that is wrong", () => {
  using world = new World();
  const { backend } = world.host("one");
  const pointerOf = (config: unknown) => {
    try {
      backend.parseConfig(config);
    } catch (error) {
      return error instanceof ConfigError ? error.pointer : error;
    }
    return undefined;
  };
  expect(pointerOf({ path: "/srv/data" })).toBeUndefined();
  expect(pointerOf({ path: "a/../b" })).toBeUndefined();
  for (const path of ["../out", "a/../../out", ".", "/", "", "a\0b", 7]) expect(pointerOf({ path })).toBe("/path");
  expect(pointerOf({ path: "a", "un/known": 1 })).toBe("/un~1known");
  expect(pointerOf({ path: "a", commandTimeoutMs: 0 })).toBe("/commandTimeoutMs");
  expect(pointerOf({ path: "a", onMoved: "burn" })).toBe("/onMoved");
  expect(pointerOf({ path: "a", quiesce: "" })).toBe("/quiesce");
});

function isAlive(pid: number): boolean {
  try {
    // A killed process that nobody has waited for yet is there as a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
