/** How often in a row a test has hit: one figure alone proves little. */
export type Strikes = Partial<Record<Test, number>>;

type Test = "stopOnly" | "stopOnlyAtBest" | "stopOnlyEstimate" | "outrun" | "plateau" | "limbo" | "firstPass";

export function strike(strikes: Strikes, test: Test, hit: boolean): Strikes {
  return { ...strikes, [test]: hit ? (strikes[test] ?? 0) + 1 : 0 };
}

export function struck(strikes: Strikes, test: Test, times: number): boolean {
  return (strikes[test] ?? 0) >= times;
}
