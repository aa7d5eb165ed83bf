import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Prints why tests were skipped and, as the last line of the run, how many passed, failed and were skipped. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const counted = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const brokenModules = modules.filter((module) => module.errors().length > 0).length;
    const failed = counted("failed") + brokenModules + unhandledErrors.length;
    const reasons = new Set(tests.map(skipReason).filter((reason) => reason !== undefined));
    process.once("exit", () => {
      for (const reason of reasons) console.log(`skipped: ${reason}`);
      console.log(`${counted("passed")} passed, ${failed} failed, ${counted("skipped")} skipped`);
    });
  }
}

function skipReason(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? (result.note ?? `${test.fullName} (no reason given)`) : undefined;
}

// Vitest loads reporters from a path by their default export.
// oxlint-disable-next-line import/no-default-export
export default ClosingLine;
