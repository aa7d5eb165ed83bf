import { Scope } from "@godwit/contract";
import { type Command, Option } from "commander";
import { clientOf } from "../context.ts";
import { tokenTable } from "../token-text.ts";
import { print, say, wantsJson, wholeArgument } from "./global.ts";

interface CreateOptions {
  scope: Scope[];
  agent: boolean;
  expiresInDays?: number;
}

export function tokenCommands(program: Command): void {
  const token = program.command("token").description("the tokens: who may do what, and until when");

  token
    .command("create <name>")
    .description("make a token and print it, this once")
    .addOption(
      new Option("--scope <scopes...>", "what it allows, of what your own allows").choices(Scope.options).default([]),
    )
    .option("--agent", "for the agents' socket and nothing else, in place of scopes", false)
    .option("--expires-in-days <days>", "until when it opens (90 where not said; an agent's for good)", wholeArgument)
    .action(async (name: string, { scope: scopes, agent, expiresInDays }: CreateOptions, command: Command) => {
      const role = agent ? "agent" : "admin";
      const made = await (await clientOf(command)).tokens.create({ name, role, scopes, expiresInDays });
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
