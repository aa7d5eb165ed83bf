import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { alphaAndBeta } from "../e2e/support/cluster.ts";
import { need } from "../support/requirements.ts";
import { Apart } from "./support/apart.ts";
import { type Cell, cut, killed, pairs, paused, titleOf } from "./support/cells.ts";
import { type Ending, Stage } from "./support/stage.ts";
import { Stages } from "./support/stages.ts";
import { tableOf } from "./support/table.ts";

const namespaces = need("namespaces");
/** Several cells wait for a stage at the same time. */
const cellLimitMs = 400_000;
const stages = new Stages(2, () => Stage.start(alphaAndBeta()));
const played: { cell: Cell; text: string }[] = [];
let apart: Apart | undefined;

beforeAll(async () => {
  if (namespaces.path !== undefined) apart = await Apart.start(namespaces.path);
});
afterAll(async () => {
  await apart?.[Symbol.asyncDispose]();
  await stages[Symbol.asyncDispose]();
  // The picture of each cell has shown that the destination serves where it completed, and the source where it failed.
  console.log(`completed: the destination serves, failed: the source does\n${tableOf(played)}`);
}, 60_000);

describe.concurrent("H10: one host serves in the end and nothing is lost", () => {
  test.each(titled([...killed, ...pairs]))(
    "%s",
    async (_, cell) => expectSound(cell, await stages.play(cell)),
    cellLimitMs,
  );
});

describe.concurrent("M8, H4: who wakes with stale beliefs runs nothing that it may not", () => {
  test.each(titled(paused))("%s", async (_, cell) => expectSound(cell, await stages.play(cell)), cellLimitMs);
});

describe("M8, H8: what is dead is a link and no host", () => {
  beforeEach((context) => {
    if (namespaces.missing !== undefined) context.skip(namespaces.missing);
  });
  test.each(titled(cut))("%s", async (title, cell) => expectSound(cell, await apart?.endingOf(title)), cellLimitMs);
});

function titled(cells: Cell[]): [string, Cell][] {
  return cells.map((cell) => [titleOf(cell), cell]);
}

/** H10, H9: one host has the guest, by everybody's word, it alone accepted writes, and it has all that was acknowledged. */
function expectSound(cell: Cell, ending: Ending | undefined): void {
  if (ending === undefined) throw new Error("It was not played");
  const { phase, code, picture, settled, faults, turns, serving, seconds } = ending;
  played.push({ cell, text: `${phase} ${seconds.toFixed(1)} s` });
  expect({ phase, code }).toMatchObject({ phase: cell.outcome });
  expect(picture).toEqual(settled);
  expect(faults).toEqual({ lost: 0, stale: 0, corrupt: 0 });
  expect(turns).toEqual(serving === "source" ? ["source"] : ["source", "destination"]);
}
