import type { Client } from "@godwit/client";
import type { MigrationPolicy } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf, UsageError } from "../context.ts";
import { policyLines, policyTable } from "../policy-text.ts";
import { print, say, wantsJson } from "./global.ts";
import {
  type LimitChangeOptions,
  limitChangeOptions,
  type LimitOptions,
  limitOptions,
  limitsOf,
  limitsPatchOf,
} from "./limits.ts";

export function policyCommands(program: Command): void {
  const policy = program.command("policy").description("the policies: limits with a name, for many migrations");

  policy
    .command("list")
    .description("list the policies, newest first")
    .action(async (_: object, command: Command) => {
      const page = await (await clientOf(command)).policies.list({ limit: 200 });
      print(wantsJson(command) ? JSON.stringify(page) : policyTable(page.items));
    });

  policy
    .command("get <name>")
    .description("show one policy")
    .action(async (name: string, _: object, command: Command) => {
      const { policy: found } = await (await clientOf(command)).policies.get(name);
      show(command, found);
    });

  limitOptions(
    policy.command("create <name>").description("make a policy; what is not given is as in balanced"),
  ).action(async (name: string, options: LimitOptions, command: Command) => {
    const made = await (await clientOf(command)).policies.create({ name, settings: limitsOf(options) });
    show(command, made.policy);
  });

  limitChangeOptions(
    policy.command("set <name>").description("change a policy; migrations under way keep their limits"),
  ).action(async (name: string, options: LimitChangeOptions, command: Command) => {
    const settings = limitsPatchOf(options);
    if (Object.keys(settings).length === 0) throw new UsageError("Nothing to change: give at least one limit.");
    const { policies } = await clientOf(command);
    const changed = await policies.change(name, { settings }, await etagOf(policies, name));
    show(command, changed.policy);
  });

  policy
    .command("remove <name>")
    .description("remove a policy; migrations under way keep their limits")
    .action(async (name: string, _: object, command: Command) => {
      const { policies } = await clientOf(command);
      await policies.remove(name, await etagOf(policies, name));
      say(`The policy ${name} is gone.`);
    });
}

/** What somebody else changes between the look and the change is not overwritten: the API refuses then. */
async function etagOf(policies: Client["policies"], name: string): Promise<string> {
  return (await policies.get(name)).etag;
}

function show(command: Command, policy: MigrationPolicy): void {
  print(wantsJson(command) ? JSON.stringify(policy) : policyLines(policy).join("\n"));
}
