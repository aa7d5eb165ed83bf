import { describe, expect, test } from "vitest";
import { learn } from "./learn.ts";

describe("L2: what finished migrations of a pair of hosts teach", () => {
  test("L2: the newer counts for more: three tenths of each newer one, the rest of all older ones", () => {
    const learned = learn(
      [{ bandwidthBytesPerSec: 100 }, { bandwidthBytesPerSec: 200 }, { bandwidthBytesPerSec: 400 }],
      [],
    );
    // The newest is the first: 400, then 340, then 268.
    expect(learned.bandwidthBytesPerSec).toBeCloseTo(268, 9);
    expect(learned.migrations).toBe(3);
  });

  test("L2: bandwidth is learnt from one, what stopping takes from three on, and nothing from none", () => {
    const one = learn([{ bandwidthBytesPerSec: 100, handoverMs: 20 }], []);
    expect(one).toEqual({
      migrations: 1,
      bandwidthBytesPerSec: 100,
      stopResumeMs: undefined,
      stopResumeSdMs: undefined,
      costFactors: {},
    });
    expect(learn([], [])).toMatchObject({ migrations: 0, bandwidthBytesPerSec: undefined });
    expect(learn([{ handoverMs: 20 }, { handoverMs: 20 }], []).stopResumeMs).toBeUndefined();
    expect(learn([{ handoverMs: 20 }, {}, { handoverMs: 20 }, { handoverMs: 20 }], [])).toMatchObject({
      migrations: 4,
      stopResumeMs: 20,
    });
  });

  test("L2: the error of it is no less than 4 ms, however much alike they were", () => {
    const same = { handoverMs: 20 };
    expect(learn([same, same, same], []).stopResumeSdMs).toBe(4);
    const { stopResumeMs, stopResumeSdMs } = learn([{ handoverMs: 40 }, { handoverMs: 20 }, { handoverMs: 60 }], []);
    // 60, then 48 and a variance of 0.7 x 0.3 x 40², then 45.6 and 0.7 (336 + 0.3 x 8²).
    expect(stopResumeMs).toBeCloseTo(45.6, 9);
    expect(stopResumeSdMs).toBeCloseTo(Math.sqrt(0.7 * (336 + 0.3 * 64)), 9);
  });
});

describe("L2: by what factor a back end's own times differ from what it declares", () => {
  const took = (declaredMs: number, actualMs: number, count = 3) => ({
    name: "gpu",
    outcomes: Array.from({ length: count }, () => ({ declaredMs, actualMs })),
  });

  test("L2: is learnt from three outcomes on, for each device by itself", () => {
    expect(learn([], [took(10, 25), { name: "ram", outcomes: [{ declaredMs: 10, actualMs: 5 }] }]).costFactors).toEqual(
      {
        gpu: 2.5,
      },
    );
    expect(learn([], [took(10, 25, 2)]).costFactors).toEqual({});
  });

  test("L2: is believed between a fifth and five times", () => {
    expect(learn([], [took(10, 1_000)]).costFactors).toEqual({ gpu: 5 });
    expect(learn([], [took(10, 0)]).costFactors).toEqual({ gpu: 0.2 });
  });

  test("L2: is not learnt from what declares next to nothing", () => {
    expect(learn([], [took(0, 10)]).costFactors).toEqual({});
    expect(learn([], [took(0.9, 10)]).costFactors).toEqual({});
    expect(learn([], [took(1, 3)]).costFactors).toEqual({ gpu: 3 });
  });
});
