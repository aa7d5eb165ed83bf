import type { Command } from "commander";
import { interruption, print, wholeArgument } from "./global.ts";

export function demoCommand(program: Command): void {
  program
    .command("demo")
    .description("an orchestrator, two hosts and four guests on this machine; every start begins afresh")
    .option("--port <port>", "the first port to try", wholeArgument, 7140)
    .option("--data <folder>", "where the demo keeps its things", ".godwit/demo")
    .action(async ({ port, data }: { port: number; data: string }) => {
      const { runDemo } = await import("../demo/run-demo.ts");
      const signal = interruption();
      try {
        await runDemo({ folder: data, port, show: print, signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
}
