import type { AuditRecord } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { table, utc } from "../format.ts";
import { print, wantsJson, wholeArgument } from "./global.ts";
import { sinceArgument } from "./predictions.ts";

interface Options {
  who?: string;
  target?: string;
  since?: string;
  limit?: number;
}

export function auditCommand(program: Command): void {
  program
    .command("audit")
    .description("who asked for what, and what came of it, newest first")
    .option("--who <token>", "only what one token has asked for, by its name or id")
    .option("--target <target>", "only what was asked of one guest, host, policy…, by its name or id")
    .option(
      "--since <time>",
      "only what was asked for since, such as 2026-01-31, 2026-01-31T08:00Z, or 12h or 7d ago",
      sinceArgument,
    )
    .option("--limit <number>", "how many at most, 1 to 200 (50 where not said)", wholeArgument)
    .action(async (options: Options, command: Command) => {
      const page = await (await clientOf(command)).audit.list(options);
      print(wantsJson(command) ? JSON.stringify(page) : auditTable(page.items));
    });
}

export function auditTable(records: AuditRecord[]): string {
  const rows = records.map(({ at, who, operation, target, outcome, reason }) => [
    utc(at),
    who === undefined ? "nobody known" : `${who.name} (${who.id})`,
    operation,
    target === undefined ? "-" : [target.type, target.name ?? target.id ?? []].flat().join(" "),
    outcome === undefined ? "not told" : [outcome.status, outcome.code ?? []].flat().join(" "),
    reason ?? "",
  ]);
  return table(["AT", "WHO", "WHAT", "TARGET", "OUTCOME", "REASON"], rows);
}
