import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { bytes, table } from "../format.ts";
import { print, wantsJson } from "./global.ts";

export function guestCommands(program: Command): void {
  program
    .command("guest")
    .description("the guests")
    .command("list")
    .description("list the guests")
    .option("--host <host>", "only those on one host")
    .action(async (options: { host?: string }, command: Command) => {
      const page = await (await clientOf(command)).guests.list({ limit: 200, ...options });
      if (wantsJson(command)) return print(JSON.stringify(page));
      const rows = page.items.map((guest) => [
        guest.name,
        guest.host,
        guest.state,
        String(guest.epoch),
        guest.devices.map((device) => `${device.name} (${device.kind}, ${bytes(device.sizeBytes)})`).join(", "),
        guest.devices.map((device) => device.endpoint).find((endpoint) => endpoint !== undefined) ?? "-",
        guest.migrationId ?? "-",
      ]);
      return print(table(["GUEST", "HOST", "STATE", "EPOCH", "DEVICES", "ENDPOINT", "MIGRATION"], rows));
    });
}
