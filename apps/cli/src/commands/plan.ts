import type { Command } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { planLines, planSetLines } from "../plan-text.ts";
import { print, wantsJson } from "./global.ts";
import { type LimitOptions, limitsOf, policyAndLimitOptions } from "./limits.ts";

interface PlanOptions extends LimitOptions {
  to?: string;
  host?: string;
  policy?: string;
}

export function planCommand(program: Command): void {
  policyAndLimitOptions(
    program
      .command("plan [guests...]")
      .description("what a migration would do, or those of several guests; moves nothing")
      .option("--to <host>", "the destination; without it each guest is placed")
      .option("--host <host>", "of every guest that is on it"),
  ).action(async (guests: string[], options: PlanOptions, command: Command) => {
    const { to: destination, host, policy } = options;
    if ((guests.length === 0) === (host === undefined)) throw new UsageError("Name guests, or a host by --host.");
    const asked = { destination, policy, limits: limitsOf(options) };
    const { plans } = await clientOf(command);
    const [guest] = guests;
    if (guests.length === 1 && guest !== undefined) {
      const plan = await plans.create({ ...asked, guest });
      process.exitCode = plan.possible ? exitCodes.done : exitCodes.conflict;
      return print(wantsJson(command) ? JSON.stringify(plan) : planLines(plan).join("\n"));
    }
    const set = await plans.createAll(host === undefined ? { ...asked, guests } : { ...asked, host });
    const isPossible = set.unplaced.length === 0 && set.plans.every(({ possible }) => possible);
    process.exitCode = isPossible ? exitCodes.done : exitCodes.conflict;
    print(wantsJson(command) ? JSON.stringify(set) : planSetLines(set).join("\n"));
  });
}
