import { expect, test } from "vitest";
import { readRate, sampleDirtied, samplesPerGibOf } from "./dirty-rate.ts";
import type { Qmp } from "./qmp/qmp.ts";

const mib = 1024 ** 2;
const gib = 1024 * mib;

test("Q14: about 2,048 pages are looked at, whatever the guest's size, as far as QEMU lets that be said for each GiB", () => {
  expect(samplesPerGibOf(256 * mib)).toBe(8192);
  expect(samplesPerGibOf(2 * gib)).toBe(1024);
  expect(samplesPerGibOf(64 * mib)).toBe(16_384);
  expect(samplesPerGibOf(64 * gib)).toBe(128);
});

test("Q14: a rate over a window is so many distinct bytes, and no more than there are", () => {
  const said = { status: "measured", "calc-time": 2_000 };
  expect(readRate({ ...said, "dirty-rate": 30 }, 256 * mib, 2048)?.bytes).toBe(60 * mib);
  expect(readRate({ ...said, "dirty-rate": 500 }, 256 * mib, 2048)?.bytes).toBe(256 * mib);
  expect(readRate({ ...said, "dirty-rate": -1 }, 256 * mib, 2048)).toBeUndefined();
  expect(readRate(said, 256 * mib, 2048)).toBeUndefined();
});

test("Q14: the error is that of a sample: 2.4 MiB where a quarter of 2,048 pages of 256 MiB was changed, and never none", () => {
  const of = (mibPerSec: number) =>
    readRate({ status: "measured", "calc-time": 1_000, "dirty-rate": mibPerSec }, 256 * mib, 2048)?.sdBytes ?? 0;
  expect(of(64) / mib).toBeCloseTo(2.45, 2);
  expect(of(0)).toBeGreaterThan(0);
  expect(of(256)).toBeGreaterThan(0);
});

/** Of a running guest; what it has been asked stays. */
function pretendedQmp(memoryBytes: number, asked: string[]): Qmp {
  const answers: Record<string, unknown> = {
    "query-memory-size-summary": { "base-memory": memoryBytes },
    "query-status": { running: true, status: "running" },
    "query-dirty-rate": { status: "measured", "calc-time": 50, "dirty-rate": 20 },
  };
  const execute = async (command: string) => {
    asked.push(command);
    return answers[command] ?? {};
  };
  // Only what is asked here needs an answer of the right type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { execute } as unknown as Qmp;
}

test("Q14: a guest of more than 256 GiB is not looked at", async () => {
  const asked: string[] = [];
  expect(await sampleDirtied(pretendedQmp(256 * gib, asked), 50)).toMatchObject({ bytes: mib });
  expect(asked).toContain("calc-dirty-rate");
  asked.length = 0;
  expect(await sampleDirtied(pretendedQmp(256 * gib + 1, asked), 50)).toBeUndefined();
  expect(asked).not.toContain("calc-dirty-rate");
});
