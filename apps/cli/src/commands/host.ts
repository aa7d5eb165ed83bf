import type { FenceHost } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { fenceLines, hostLines, hostTable } from "../host-text.ts";
import { bytesArgument, print, wantsJson } from "./global.ts";
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

  for (const { verb, says } of markVerbs) {
    host
      .command(`${verb} <host>`)
      .description(says)
      .option("--reason <text>", "for whoever looks at it later")
      .action(async (name: string, mark: { reason?: string }, command: Command) => {
        const found = await (await clientOf(command)).hosts.mark(name, verb, mark);
        print(wantsJson(command) ? JSON.stringify(found) : hostLines(found).join("\n"));
      });
  }

  host
    .command("link <host>")
    .description("what migrations may take of a host's link")
    .option("--out <bytes/s>", 'all that leave it together, such as 1GB, or "none"', budgetArgument)
    .option("--in <bytes/s>", 'all that enter it together, such as 1GB, or "none"', budgetArgument)
    .action(async (name: string, { out, in: into }: { out?: Budget; in?: Budget }, command: Command) => {
      if (out === undefined && into === undefined) throw new UsageError("Say --out, --in or both.");
      const linkBudget = {
        ...(out === undefined ? {} : { outBytesPerSec: out === "none" ? null : out }),
        ...(into === undefined ? {} : { inBytesPerSec: into === "none" ? null : into }),
      };
      const found = await (await clientOf(command)).hosts.change(name, { linkBudget });
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

const markVerbs = [
  { verb: "cordon", says: "start no migration to a host; what is under way goes on" },
  { verb: "uncordon", says: "let migrations start to a host again" },
  { verb: "pause", says: "start no migration from a host or to it; what is under way goes on" },
  { verb: "resume", says: "let migrations start from a host and to it again" },
] as const;

type Budget = number | "none";

function budgetArgument(text: string): Budget {
  return text === "none" ? text : bytesArgument(text);
}

function questionOf(name: string, { acceptOlderCopy = false, runCommand = false }: FenceOptions): string {
  const proof = runCommand ? "If its fencing command says so, " : "If you say so, ";
  const older = acceptOlderCopy ? " An older copy of a guest may run, without what was acknowledged since." : "";
  return `${proof}${name} counts as dead: another host may run its guests. If it lives, a guest may run twice.${older} Fence it?`;
}
