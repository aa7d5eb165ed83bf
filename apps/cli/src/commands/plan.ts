import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planLines } from "../plan-text.ts";
import { print, wantsJson } from "./global.ts";
import { type LimitOptions, limitsOf, policyAndLimitOptions } from "./limits.ts";

export function planCommand(program: Command): void {
  policyAndLimitOptions(
    program
      .command("plan <guest>")
      .description("what a migration would do; moves nothing")
      .requiredOption("--to <host>", "the destination"),
  ).action(async (guest: string, options: LimitOptions & { to: string; policy?: string }, command: Command) => {
    const { to: destination, policy } = options;
    const client = await clientOf(command);
    const plan = await client.plans.create({ guest, destination, policy, limits: limitsOf(options) });
    process.exitCode = plan.possible ? exitCodes.done : exitCodes.conflict;
    print(wantsJson(command) ? JSON.stringify(plan) : planLines(plan).join("\n"));
  });
}
