import { Role, Scope } from "@godwit/contract";
import { type Command, Option } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { tokenTable } from "../token-text.ts";
import { print, say, wantsJson, wholeArgument } from "./global.ts";

interface CreateOptions {
  role?: Role;
  scope?: Scope[];
  agent: boolean;
  expiresInDays?: number;
}

export function tokenCommands(program: Command): void {
  const token = program.command("token").description("the tokens: who may do what, and until when");

  token
    .command("create <name>")
    .description("make a token and print it, this once")
    .addOption(
      new Option(
        "--role <role>",
        "viewer looks, operator acts on migrations, hosts and guests, admin may do all",
      ).choices(Role.options),
    )
    .addOption(
      new Option("--scope <scopes...>", "what it allows besides its role, or without one").choices(Scope.options),
    )
    .addOption(
      new Option("--agent", "for the agents' socket and nothing else").default(false).conflicts(["role", "scope"]),
    )
    .option("--expires-in-days <days>", "until when it opens (90 where not said; an agent's for good)", wholeArgument)
    .action(async (name: string, { role, scope: scopes, agent, expiresInDays }: CreateOptions, command: Command) => {
      if (!agent && role === undefined && scopes === undefined)
        throw new UsageError("Say what it allows: --role, --scope, or both; or --agent.");
      const tokens = (await clientOf(command)).tokens;
      const made = await tokens.create({ name, role: agent ? "agent" : role, scopes, expiresInDays });
      print(wantsJson(command) ? JSON.stringify(made) : made.token);
      say(`Token ${made.id}: this is the only time that it is shown. Keep it in a file for --token-file.`);
    });

  token
    .command("list")
    .description("list the tokens, newest first")
    .action(async (_: object, command: Command) => {
      const page = await (await clientOf(command)).tokens.list({ limit: 200 });
      print(wantsJson(command) ? JSON.stringify(page) : tokenTable(page.items, new Date()));
    });

  token
    .command("revoke <id>")
    .description("revoke a token")
    .action(async (id: string, _: object, command: Command) => {
      await (await clientOf(command)).tokens.revoke(id);
      say(`The token ${id} opens nothing any more.`);
    });
}
