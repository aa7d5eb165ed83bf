import type { FenceHost } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { fenceLines, hostLines, hostTable } from "../host-text.ts";
import { print, wantsJson } from "./global.ts";
import { agreed } from "./question.ts";

interface FenceOptions extends Partial<FenceHost> {
  reason: string;
  yes?: boolean;
}

export function hostCommands(program: Command): void {
  const host = program.command("host").description("the hosts");

  host
    .command("list")
    .description("list the hosts")
    .action(async (_: object, command: Command) => {
      const page = await (await clientOf(command)).hosts.list({ limit: 200 });
      print(wantsJson(command) ? JSON.stringify(page) : hostTable(page.items));
    });

  host
    .command("get <host>")
    .description("show one host")
    .action(async (name: string, _: object, command: Command) => {
      const found = await (await clientOf(command)).hosts.get(name);
      print(wantsJson(command) ? JSON.stringify(found) : hostLines(found).join("\n"));
    });

  host
    .command("fence <host>")
    .description("say that a host is proven dead, so that its migrations and guests are given up")
    .requiredOption("--reason <text>", "how that is known")
    .option("--run-command", "run the host's fencing command first; only its exit status 0 fences")
    .option("--accept-older-copy", "let an older copy run, though what was acknowledged after it is lost")
    .option("--yes-it-is-dead", "although its agent is connected")
    .option("--yes", "do not ask")
    .action(async (name: string, { yes = false, ...fence }: FenceOptions, command: Command) => {
      const { hosts } = await clientOf(command);
      if (!yes && !(await agreed(questionOf(name, fence)))) {
        process.exitCode = exitCodes.interrupted;
        return;
      }
      const result = await hosts.fence(name, fence);
      print(wantsJson(command) ? JSON.stringify(result) : fenceLines(result).join("\n"));
    });
}

function questionOf(name: string, { acceptOlderCopy = false, runCommand = false }: FenceOptions): string {
  const proof = runCommand ? "If its fencing command says so, " : "If you say so, ";
  const older = acceptOlderCopy ? " An older copy of a guest may run, without what was acknowledged since." : "";
  return `${proof}${name} counts as dead: another host may run its guests. If it lives, a guest may run twice.${older} Fence it?`;
}
