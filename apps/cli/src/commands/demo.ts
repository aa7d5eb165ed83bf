import type { Command } from "commander";
import { interruption, print, wholeArgument } from "./global.ts";

export function demoCommand(program: Command): void {
  program
    .command("demo")
    .description("an orchestrator, two hosts and some guests on this machine; every start begins afresh")
    .option("--port <port>", "the first port to try", wholeArgument, 7140)
    .option("--data <folder>", "where the demo keeps its things", ".godwit/demo")
    .option("--qemu [folder]", "with virtual machines, by what scripts/install-qemu has put into the folder")
    .action(async ({ port, data, qemu }: { port: number; data: string; qemu?: string | true }) => {
      const { runDemo } = await import("../demo/run-demo.ts");
      const signal = interruption();
      try {
        await runDemo({ folder: data, port, qemu: folderOf(qemu), show: print, signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
}

/** Where `scripts/install-qemu` puts things unless it is told otherwise. */
function folderOf(qemu: string | true | undefined): string | undefined {
  return qemu === true ? (process.env["GODWIT_QEMU"] ?? ".godwit-tools/qemu") : qemu;
}
