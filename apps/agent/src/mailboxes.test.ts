import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Mailboxes } from "./mailboxes.ts";

const task = fc.record({ key: fc.constantFrom("a", "b", "c"), turns: fc.nat(4), fails: fc.boolean() });

test("tasks of one guest run in their order and never side by side, up to one that fails", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 40 }), async (tasks) => {
      const failures: unknown[] = [];
      const mailboxes = new Mailboxes((error) => failures.push(error));
      const running = new Set<string>();
      const order: number[] = [];
      for (const [index, { key, turns, fails }] of tasks.entries()) {
        mailboxes.put(key, async () => {
          expect(running.has(key)).toBe(false);
          running.add(key);
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          running.delete(key);
          order.push(index);
          if (fails) throw new Error("failed");
        });
      }
      await mailboxes.idle();
      const failsSomewhere = tasks.some(({ fails }) => fails);
      for (const key of ["a", "b", "c"]) {
        const of = tasks.flatMap((task, index) => (task.key === key ? [index] : []));
        const ran = order.filter((index) => tasks[index]?.key === key);
        expect(ran).toEqual(of.slice(0, failsSomewhere ? ran.length : undefined));
        expect(ran.slice(0, -1).filter((index) => tasks[index]?.fails)).toEqual([]);
      }
      expect(failures.length).toBe(failsSomewhere ? 1 : 0);
    }),
  );
});

test("H1: what comes after a task that could not write down what it did is not begun, of any guest", async () => {
  const begun: string[] = [];
  const mailboxes = new Mailboxes(() => undefined);
  mailboxes.put("a", async () => await Promise.reject(new Error("ENOSPC")));
  mailboxes.put("a", async () => void begun.push("the same guest's"));
  await mailboxes.idle();
  mailboxes.put("b", async () => void begun.push("another guest's"));
  await mailboxes.idle();
  expect(begun).toEqual([]);
});
