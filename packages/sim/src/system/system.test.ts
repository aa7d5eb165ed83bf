import { describe, expect, test } from "vitest";
import { Random } from "../random.ts";
import { Disk } from "./disk.ts";
import { Life } from "./life.ts";
import { type End, Network } from "./network.ts";
import { VirtualTime } from "./virtual-time.ts";

const patience = { dialledMs: 15_000, acceptedMs: 7_500 };

describe("virtual time", () => {
  test("does what is due in its order, and what is due at once in the order in which it was asked for", () => {
    const time = new VirtualTime();
    const done: number[] = [];
    const random = new Random(1);
    for (let index = 0; index < 200; index += 1) {
      const ms = random.integer(0, 20);
      time.after(ms, () => done.push(ms * 1_000 + index));
    }
    const off = time.after(5, () => done.push(-1));
    off();
    while (time.step());
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect([done.length, time.nowMs]).toEqual([200, 20]);
  });
});

describe("a life", () => {
  test("ends between any two steps, and what it waited for never comes", async () => {
    const time = new VirtualTime();
    const life: Life = new Life("program", time, (of, what) => what === "second" && of.end());
    const done: string[] = [];
    void (async () => {
      await life.takes("first", 1, () => done.push("first"));
      await life.takes("second", 1, () => done.push("second"));
      done.push("third");
    })();
    await untilQuiet(time);
    expect(done).toEqual(["first"]);
  });
});

describe("a disk", () => {
  test("forgets from some byte on what was not synced when the power goes", async () => {
    const time = new VirtualTime();
    const disk = new Disk(new Random(3));
    const life = new Life("program", time, () => undefined);
    void (async () => {
      const file = await disk.mountedBy(life).open("file");
      await file.append("synced\n");
      await file.sync();
      await file.append("not synced\n");
    })();
    await untilQuiet(time);
    expect(disk.textOf("file")).toBe("synced\nnot synced\n");
    disk.losePower();
    expect("synced\nnot synced\n".startsWith(disk.textOf("file"))).toBe(true);
    expect(disk.textOf("file").startsWith("synced\n")).toBe(true);
  });

  test("that is full takes a first part of a line and says so", async () => {
    const time = new VirtualTime();
    const disk = new Disk(new Random(3));
    const life = new Life("program", time, () => undefined);
    disk.isFull = true;
    let failure: unknown;
    void (async () => {
      const file = await disk.mountedBy(life).open("file");
      await file.append("a line of some length\n").catch((error: unknown) => (failure = error));
    })();
    await untilQuiet(time);
    expect(failure).toMatchObject({ code: "ENOSPC" });
    expect("a line of some length".startsWith(disk.textOf("file"))).toBe(true);
  });
});

describe("a network", () => {
  test("keeps the order of a connection, through a partition too", () => {
    const { time, network, heard, dialled } = connected();
    for (let index = 0; index < 20; index += 1) dialled.send(String(index));
    network.part("a", "b");
    time.after(5_000, () => network.heal("a", "b"));
    while (time.step());
    expect(heard).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  });

  test("loses what was under way from some message on when a connection breaks, and tells both ends", () => {
    const { time, network, heard, dialled, closed } = connected();
    for (let index = 0; index < 20; index += 1) dialled.send(String(index));
    network.cut("a", "b");
    dialled.send("too late");
    while (time.step());
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, index) => String(index)));
    expect(heard).not.toContain("too late");
    expect(closed.toSorted()).toEqual(["accepted", "dialled"]);
  });

  test("lets each end of a connection that carries nothing give it up in its own time", () => {
    const { time, network, closed } = connected();
    network.part("a", "b");
    const from = time.nowMs;
    while (closed.length < 2 && time.step());
    expect([closed, time.nowMs - from]).toEqual([["accepted", "dialled"], 15_000]);
  });
});

function connected() {
  const time = new VirtualTime();
  const network = new Network(time, new Random(5));
  const life = new Life("b", time, () => undefined);
  const heard: string[] = [];
  const closed: string[] = [];
  const ends: End[] = [];
  network.listen("b", life, (end) =>
    end.hear({ receive: (text) => heard.push(text), closed: () => closed.push("accepted") }),
  );
  network.dial("a", "b", patience, (end) => {
    end?.hear({ receive: () => undefined, closed: () => closed.push("dialled") });
    if (end !== undefined) ends.push(end);
  });
  while (ends.length === 0 && time.step());
  const [dialled] = ends;
  if (dialled === undefined) throw new Error("Nobody could be reached");
  return { time, network, heard, closed, dialled };
}

async function untilQuiet(time: VirtualTime): Promise<void> {
  do for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  while (time.step());
}
