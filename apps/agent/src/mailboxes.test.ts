import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Mailboxes } from "./mailboxes.ts";

test("tasks of one guest run in their order and never side by side, whatever fails", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), turns: fc.nat(4), fails: fc.boolean() }), {
        maxLength: 40,
      }),
      async (tasks) => {
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
        const of = (key: string) => tasks.flatMap((task, index) => (task.key === key ? [index] : []));
        for (const key of ["a", "b", "c"]) expect(order.filter((index) => tasks[index]?.key === key)).toEqual(of(key));
        expect(failures.length).toBe(tasks.filter((task) => task.fails).length);
      },
    ),
  );
});
