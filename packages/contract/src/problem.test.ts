import { expect, test } from "vitest";
import { Problem, problemCodes, problems } from "./problem.ts";

test("A3: every problem has a code in kebab case, an HTTP status of an error and a title of its own", () => {
  for (const code of problemCodes) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(problems[code].status).toBeGreaterThanOrEqual(400);
    expect(problems[code].status).toBeLessThan(600);
    expect(problems[code].title).toMatch(/^[A-Z].*[^.]$/);
  }
  const titles = problemCodes.map((code) => problems[code].title);
  expect(new Set(titles).size).toBe(titles.length);
});

test("A3: trying again is only promised where waiting may help", () => {
  const retryable = problemCodes.filter((code) => "retryable" in problems[code]);
  for (const code of retryable) expect([409, 429, 503, 504]).toContain(problems[code].status);
});

test("A3: a problem carries a code of the table and no other", () => {
  const problem = { type: "about:blank", title: "No", status: 404, detail: "There is no guest called web." };
  expect(Problem.safeParse({ ...problem, code: "unknown-guest" }).success).toBe(true);
  expect(Problem.safeParse({ ...problem, code: "whatever" }).success).toBe(false);
});
