import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodeOfEnd } from "../exit-codes.ts";
import { duration, table } from "../format.ts";
import { migrationLines, statusLine } from "../migration-text.ts";
import { print, say, wantsJson } from "./global.ts";
import { type LimitOptions, limitsOf, policyAndLimitOptions } from "./limits.ts";
import { migrationChangeCommands } from "./migration-changes.ts";
import { folderIn, saveInto } from "./to-file.ts";
import {
  instantArgument,
  placementArgument,
  priorityArgument,
  priorityNames,
  schedulingIn,
  withoutTime,
  type SchedulingOptions,
} from "./scheduling.ts";
import { traceCommand } from "./trace.ts";
import { watch } from "./watch.ts";

interface MigrateOptions extends LimitOptions, SchedulingOptions {
  to?: string;
  policy?: string;
  watch?: boolean;
  wait?: boolean;
}

export function migrateCommand(program: Command): void {
  policyAndLimitOptions(
    program
      .command("migrate <guest>")
      .description("move a guest to another host")
      .option(
        "--to <host>",
        "the destination, or file:<path> of a folder on the guest's host to stop and save it in (only --downtime-limit goes with that); without it the planner takes a host that is fit",
      ),
  )
    .option("--priority <priority>", `${priorityNames}, or a number from 0 to 1000`, priorityArgument)
    .option("--not-before <time>", "it is not to start earlier (RFC 3339)", instantArgument)
    .option("--retry", "after a failure try it again, once something is better")
    .option("--placement <rule>", "how the planner takes a host: spread or pack", placementArgument)
    .option("--watch", "follow it to its end")
    .option("--wait", "say nothing until it has ended")
    .action(async (guest: string, options: MigrateOptions, command: Command) => {
      const { to: destination, policy } = options;
      const folder = destination === undefined ? undefined : folderIn(destination);
      if (folder !== undefined) return await saveInto(command, guest, folder);
      const client = await clientOf(command);
      const started = await client.migrations.create({
        guest,
        destination,
        policy,
        limits: limitsOf(withoutTime(options)),
        ...schedulingIn(options),
      });
      if (options.watch === true) return await watch(command, started.id);
      const migration = options.wait === true ? await client.waitForEnd(started.id) : started;
      print(wantsJson(command) ? JSON.stringify(migration) : `${migration.id}  ${statusLine(migration)}`);
      if (options.wait === true) process.exitCode = exitCodeOfEnd(migration);
      else say(`Follow it: godwit migration watch ${started.id}`);
    });
}

export function migrationCommands(program: Command): void {
  const migration = program.command("migration").description("the migrations");

  migration
    .command("get <id>")
    .description("show one migration")
    .action(async (id: string, _: object, command: Command) => {
      const found = await (await clientOf(command)).migrations.get(id);
      if (wantsJson(command)) return print(JSON.stringify(found));
      return print(migrationLines(found).join("\n"));
    });

  migration
    .command("list")
    .description("list the migrations, newest first")
    .option("--guest <guest>", "only of one guest")
    .option("--host <host>", "only from or to one host")
    .action(async (options: { guest?: string; host?: string }, command: Command) => {
      const page = await (await clientOf(command)).migrations.list({ limit: 50, ...options });
      if (wantsJson(command)) return print(JSON.stringify(page));
      const rows = page.items.map((item) => [
        item.id,
        item.guest,
        `${item.source} -> ${item.destination}`,
        item.phase,
        item.verdict?.kind ?? "-",
        item.downtimeMs === undefined ? "-" : duration(item.downtimeMs),
        item.reason?.code ?? "-",
      ]);
      return print(table(["ID", "GUEST", "WAY", "PHASE", "VERDICT", "DOWNTIME", "REASON"], rows));
    });

  migration
    .command("cancel <id>")
    .description("call it off; the guest goes on where it is")
    .action(async (id: string, _: object, command: Command) => {
      const cancelled = await (await clientOf(command)).migrations.cancel(id);
      print(wantsJson(command) ? JSON.stringify(cancelled) : statusLine(cancelled));
    });

  migration
    .command("watch <id>")
    .description("follow one migration to its end")
    .action(async (id: string, _: object, command: Command) => await watch(command, id));

  migrationChangeCommands(migration);
  traceCommand(migration);
}
