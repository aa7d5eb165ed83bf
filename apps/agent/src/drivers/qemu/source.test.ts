import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sink } from "@godwit/backend";
import { type Qemu, QmpError } from "@godwit/qemu";
import { afterEach, beforeEach, expect, test } from "vitest";
import { QemuSource } from "./source.ts";

let folder: string;
let streams: Socket[];
let executed: string[];
/** What the pretended QEMU does before it answers, by the command. */
let before: Record<string, (parameters: Record<string, unknown>) => void>;
let held: boolean;
let source: QemuSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-source-"));
  [streams, executed, before, held] = [[], [], {}, false];
  source = new QemuSource({
    qemu: pretendedQemu(),
    beside: 0,
    folder,
    hold: (isHeld) => (held = isHeld),
    isServed: async () => true,
    end: async () => undefined,
  });
});

afterEach(async () => {
  for (const stream of streams) stream.destroy();
  await rm(folder, { recursive: true });
});

/** Connects when it is to migrate, sends nothing, and is done with that when it is cancelled. */
function pretendedQemu(): Qemu {
  let status = "none";
  const dial = ({ uri }: Record<string, unknown>) => {
    status = "active";
    streams.push(connect(String(uri).replace("unix:", "")).on("error", () => undefined));
  };
  const answers: Record<string, (parameters: Record<string, unknown>) => unknown> = {
    migrate: dial,
    migrate_cancel: () => void (status = "cancelled"),
    "query-migrate": () => ({ status }),
    "query-kvm": () => ({ enabled: false }),
    "query-status": () => ({ running: true, status: "running" }),
  };
  const qmp = {
    execute: async (command: string, parameters: Record<string, unknown> = {}) => {
      executed.push(command);
      before[command]?.(parameters);
      return answers[command]?.(parameters) ?? {};
    },
    events: () => ({
      async *[Symbol.asyncIterator]() {},
      [Symbol.dispose]: () => undefined,
    }),
  };
  // Only what is asked here needs an answer of the right type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { qmp, lost: new Promise(() => undefined) } as unknown as Qemu;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing is ever sent
const nowhere = { budget: 0 } as unknown as Sink;
const cancels = () => executed.filter((command) => command === "migrate_cancel").length;

test("B4: a migration that QEMU has begun, and whose cap it then refuses, is undone with the source", async () => {
  await source.cap(1_000_000);
  before["migrate-set-parameters"] = ({ "max-bandwidth": most }) => {
    if (most === 1_000_000) throw new QmpError("refused", "no such bandwidth");
  };
  await expect(source.precopy(nowhere)).rejects.toThrow("no such bandwidth");
  expect([held, cancels()]).toEqual([true, 0]);
  await source[Symbol.asyncDispose]();
  expect([held, cancels()]).toEqual([false, 1]);
});

test("B4: one that is called off before its cap is set is undone, and does not come back", async () => {
  await source.cap(1_000_000);
  let calledOff: Promise<void> | undefined;
  before["migrate-set-parameters"] = ({ "max-bandwidth": most }) => {
    if (most === 1_000_000) calledOff ??= source[Symbol.asyncDispose]();
  };
  await source.precopy(nowhere);
  await calledOff;
  expect([held, cancels()]).toEqual([false, 1]);
  await source[Symbol.asyncDispose]();
  expect(cancels()).toBe(1);
});
