import type { AskSwitchover, Migration } from "@godwit/contract";
import { type Command, Option } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { duration, predicted } from "../format.ts";
import { limitsText, statusLine } from "../migration-text.ts";
import { print, wantsJson } from "./global.ts";
import { type LimitChangeOptions, limitChangeOptions, limitsPatchOf } from "./limits.ts";
import { agreed } from "./question.ts";

/** What may be said to a migration that is under way, until its switchover begins. */
export function migrationChangeCommands(migration: Command): void {
  limitChangeOptions(migration.command("set <id>").description("change its limits until the switchover begins")).action(
    async (id: string, options: LimitChangeOptions, command: Command) => {
      const limits = limitsPatchOf(options);
      if (Object.keys(limits).length === 0) throw new UsageError("Nothing to change: give at least one limit.");
      const changed = await (await clientOf(command)).migrations.change(id, { limits });
      print(wantsJson(command) ? JSON.stringify(changed) : `${statusLine(changed)}\n${limitsText(changed.limits)}`);
    },
  );

  migration
    .command("hold <id>")
    .description("bring it to the brink and keep it there")
    .action(async (id: string, _: object, command: Command) =>
      show(command, await (await clientOf(command)).migrations.hold(id)),
    );

  migration
    .command("release <id>")
    .description("let a held one go")
    .action(async (id: string, _: object, command: Command) =>
      show(command, await (await clientOf(command)).migrations.hold(id, false)),
    );

  migration
    .command("accept-older-copy <id>")
    .description("run a copy that may miss what a host that is gone has served")
    .option("--yes", "do not ask")
    .action(async (id: string, { yes = false }: { yes?: boolean }, command: Command) => {
      const question = "What the host that is gone has served since the copy was taken is lost then. Run the copy?";
      if (!yes && !(await agreed(question))) process.exitCode = exitCodes.interrupted;
      else show(command, await (await clientOf(command)).migrations.acceptOlderCopy(id));
    });

  migration
    .command("switchover <id>")
    .description("switch over whatever the downtime")
    .addOption(
      new Option("--at <when>", "at once, or at the next low of the predicted downtime")
        .choices(["now", "minimum"])
        .default("now"),
    )
    .option("--yes", "do not ask")
    .action(async (id: string, { at, yes = false }: AskSwitchover & { yes?: boolean }, command: Command) => {
      const { migrations } = await clientOf(command);
      const found = yes ? undefined : await migrations.get(id);
      // What has ended, or is switched over already, is refused by the API: nobody need be asked.
      const open = found !== undefined && ["queued", "preflight", "precopy"].includes(found.phase);
      if (open && !(await agreed(questionOf(found, at)))) process.exitCode = exitCodes.interrupted;
      else show(command, await migrations.switchover(id, at));
    });
}

function show(command: Command, migration: Migration): void {
  print(wantsJson(command) ? JSON.stringify(migration) : statusLine(migration));
}

function questionOf(migration: Migration, at: AskSwitchover["at"]): string {
  const { guest, predictedDowntimeMs: ms, predictedDowntimeRangeMs: band, limits } = migration;
  const when = at === "now" ? "now" : "at the next low of the predicted downtime";
  const downtime = ms === undefined ? "not known" : predicted(ms, band);
  return `${guest}: the predicted downtime is ${downtime}, the limit ${duration(limits.downtimeLimitMs)}. Switch over ${when}, whatever it takes?`;
}
