import { expect, test } from "vitest";
import { InTurn } from "./in-turn.ts";

test("tasks of a name come one after the other, also after one that failed; another name does not wait", async () => {
  const turns = new InTurn();
  const done: string[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const first = turns.take("a", async () => {
    await gate;
    done.push("first");
    throw new Error("it failed");
  });
  const second = turns.take("a", async () => done.push("second"));
  await turns.take("b", async () => done.push("other"));
  open();
  await expect(first).rejects.toThrow("it failed");
  await second;
  expect(done).toEqual(["other", "first", "second"]);
});
