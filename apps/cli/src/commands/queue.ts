import type { Queue } from "@godwit/contract";
import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { queueText } from "../queue-text.ts";
import { print, wantsJson } from "./global.ts";

export function queueCommand(program: Command): void {
  const queue = program
    .command("queue")
    .description("what waits, in its order, with what for and until when")
    .action(async (_: object, command: Command) => show(command, await (await clientOf(command)).queue.get()));

  queue
    .command("pause")
    .description("start nothing until it is resumed; what runs goes on")
    .option("--reason <text>", "why, for whoever looks at it")
    .action(async (options: { reason?: string }, command: Command) =>
      show(command, await (await clientOf(command)).queue.pause(options)),
    );

  queue
    .command("resume")
    .description("start again what may")
    .action(async (_: object, command: Command) => show(command, await (await clientOf(command)).queue.resume()));
}

function show(command: Command, queue: Queue): void {
  print(wantsJson(command) ? JSON.stringify(queue) : queueText(queue));
}
