import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytes, duration } from "../format.ts";
import { limitOptions, limitsOf, type LimitOptions } from "./limits.ts";
import { print, wantsJson } from "./global.ts";

export function planCommand(program: Command): void {
  limitOptions(
    program
      .command("plan <guest>")
      .description("what a migration would do; moves nothing")
      .requiredOption("--to <host>", "the destination"),
  ).action(async (guest: string, options: LimitOptions & { to: string }, command: Command) => {
    const plan = await (
      await clientOf(command)
    ).plans.create({ guest, destination: options.to, limits: limitsOf(options) });
    process.exitCode = plan.possible ? exitCodes.done : exitCodes.conflict;
    if (wantsJson(command)) return print(JSON.stringify(plan));
    const checks = plan.checks.map(
      (check) =>
        `  ${check.ok ? "ok     " : "refused"}  ${check.detail}${check.fix === undefined ? "" : ` ${check.fix}`}`,
    );
    const figures = [
      plan.sizeBytes > 0 ? `  state            ${bytes(plan.sizeBytes)}` : undefined,
      plan.firstPassMs === undefined ? undefined : `  first pass       about ${duration(plan.firstPassMs)}`,
      plan.predictedDowntimeMs === undefined
        ? undefined
        : `  downtime         about ${duration(plan.predictedDowntimeMs)} if nothing is written, limit ${duration(plan.limits.downtimeLimitMs)}`,
      plan.waitsFor === undefined ? undefined : `  would wait       ${plan.waitsFor.sentence}`,
    ];
    const head = `${plan.guest}: ${plan.source} -> ${plan.destination}: ${plan.possible ? "possible" : "not possible"}`;
    return print(
      [head, ...checks, ...figures.filter((line) => line !== undefined), `  plan             ${plan.id}`].join("\n"),
    );
  });
}
