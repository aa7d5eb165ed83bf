import { expect, test } from "vitest";
import { Loss } from "./loss.ts";

const never = new Promise<never>(() => undefined);

test("what is waited for comes while the process lives", async () => {
  const loss = new Loss(never);
  expect(await loss.orElse(Promise.resolve("done"))).toBe("done");
  await expect(loss.orElse(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(loss.said).toBeUndefined();
  expect(() => loss.expectNone()).not.toThrow();
});

test("who waits when the process ends, or after that, is told what it said last", async () => {
  let end: (said: string) => void = () => undefined;
  const loss = new Loss(new Promise((resolve) => (end = resolve)));
  const waiting = [loss.orElse(never), loss.orElse(never)];
  end("it has ended");
  for (const each of waiting) await expect(each).rejects.toMatchObject({ message: "it has ended", code: "gone" });
  await expect(loss.orElse(never)).rejects.toThrow("it has ended");
  expect(loss.said).toBe("it has ended");
  expect(() => loss.expectNone()).toThrow("it has ended");
});
