import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { alphaAndBeta } from "../e2e/support/cluster.ts";
import { type Cell, killed, pairs, paused, titleOf } from "./support/cells.ts";
import { type Ending, Stage } from "./support/stage.ts";
import { tableOf } from "./support/table.ts";

let stage: Stage | undefined;
const played: { cell: Cell; text: string }[] = [];

/** What a failed cell leaves behind is no ground for the next one. */
beforeEach(async () => {
  stage ??= await Stage.start(alphaAndBeta());
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  console.log(tableOf(played));
}, 60_000);

describe("H10: one host serves in the end and nothing is lost", () => {
  test.each(titled(killed))("%s", play, 120_000);
  test.each(titled(pairs))("%s", play, 120_000);
});

describe("M8, H4: who wakes with stale beliefs runs nothing that it may not", () => {
  test.each(titled(paused))("%s", play, 120_000);
});

function titled(cells: Cell[]): [string, Cell][] {
  return cells.map((cell) => [titleOf(cell), cell]);
}

async function play(_: string, cell: Cell): Promise<void> {
  const playing = stage;
  if (playing === undefined) throw new Error("There is no stage");
  stage = undefined;
  try {
    const ending = await playing.play(cell);
    played.push({ cell, text: textOf(ending) });
    expectSound(cell, ending);
  } catch (error) {
    // What is left of it could not be cleared away either; the error above says why.
    await playing[Symbol.asyncDispose]().catch(() => undefined);
    throw error;
  }
  stage = playing;
}

/** H10, H9: one host has the guest, by everybody's word, it alone accepted writes, and it has all that was acknowledged. */
function expectSound({ outcome }: Cell, ending: Ending): void {
  const { phase, picture, settled, faults, turns, serving } = ending;
  expect(picture).toEqual(settled);
  expect(faults).toEqual({ lost: 0, stale: 0, corrupt: 0 });
  expect(turns).toEqual(serving === "source" ? ["source"] : ["source", "destination"]);
  expect(["completed", "failed"]).toContain(phase);
  if (outcome !== "either") expect({ phase, code: ending.code }).toMatchObject({ phase: outcome });
}

function textOf({ phase, serving, seconds }: Ending): string {
  return `${phase}, on ${serving} ${seconds.toFixed(1)} s`;
}
