import { DeliveryState, EventType } from "@godwit/contract";
import { type Command, Option } from "commander";
import { clientOf } from "../context.ts";
import { deliveryTable, webhookTable } from "../webhook-text.ts";
import { print, say, wantsJson, wholeArgument } from "./global.ts";

interface CreateOptions {
  type?: EventType[];
  description?: string;
}

interface DeliveriesOptions {
  state?: "pending" | "delivered" | "abandoned";
  limit?: number;
}

export function webhookCommands(program: Command): void {
  const webhook = program.command("webhook").description("the webhooks: who is told of events");

  webhook
    .command("create <url>")
    .description("have events sent to a receiver, and print the secret that signs them, this once")
    .addOption(new Option("--type <types...>", "only events of these types").choices(EventType.options))
    .option("--description <text>", "what it is for")
    .action(async (url: string, { type: types, description }: CreateOptions, command: Command) => {
      const made = await (await clientOf(command)).webhooks.create({ url, types, description });
      print(wantsJson(command) ? JSON.stringify(made) : made.secret);
      say(
        `Webhook ${made.id}: this is the only time that its secret is shown. Its receiver verifies signatures with it.`,
      );
    });

  webhook
    .command("list")
    .description("list the webhooks, newest first")
    .action(async (_: object, command: Command) => {
      const page = await (await clientOf(command)).webhooks.list({ limit: 200 });
      print(wantsJson(command) ? JSON.stringify(page) : webhookTable(page.items));
    });

  webhook
    .command("delete <id>")
    .description("remove a webhook, with what was on its way to it")
    .action(async (id: string, _: object, command: Command) => {
      const { webhooks } = await clientOf(command);
      await webhooks.remove(id, (await webhooks.get(id)).etag);
      say(`The webhook ${id} is told nothing any more.`);
    });

  webhook
    .command("rotate <id>")
    .description("give a webhook a new secret and print it, this once; the former one signs too for 24 hours")
    .action(async (id: string, _: object, command: Command) => {
      const rotated = await (await clientOf(command)).webhooks.rotate(id);
      print(wantsJson(command) ? JSON.stringify(rotated) : rotated.secret);
    });

  deliveryCommands(webhook);
}

function deliveryCommands(webhook: Command): void {
  webhook
    .command("deliveries <id>")
    .description("what was and will be sent to a webhook, newest first")
    .addOption(new Option("--state <state>", "only those in one state").choices(DeliveryState.options))
    .option("--limit <number>", "how many at most, 1 to 200 (50 where not said)", wholeArgument)
    .action(async (id: string, options: DeliveriesOptions, command: Command) => {
      const page = await (await clientOf(command)).webhooks.deliveries(id, options);
      print(wantsJson(command) ? JSON.stringify(page) : deliveryTable(page.items));
    });

  webhook
    .command("ping <id>")
    .description("send something harmless, to see whether it arrives")
    .action(async (id: string, _: object, command: Command) => {
      const delivery = await (await clientOf(command)).webhooks.ping(id);
      if (wantsJson(command)) print(JSON.stringify(delivery));
      say(`It is on its way as ${delivery.id}: godwit webhook deliveries ${id}`);
    });

  webhook
    .command("resend <id> <delivery>")
    .description("send a delivery at once, as if it had never been tried")
    .action(async (id: string, delivery: string, _: object, command: Command) => {
      const again = await (await clientOf(command)).webhooks.resend(id, delivery);
      if (wantsJson(command)) print(JSON.stringify(again));
      say(`${delivery} is on its way again.`);
    });
}
