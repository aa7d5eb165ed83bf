import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { bytes, table } from "../format.ts";
import { print, wantsJson } from "./global.ts";
import { restoreFrom, type RestoreOptions } from "./to-file.ts";

export function guestCommands(program: Command): void {
  const guest = program.command("guest").description("the guests");

  guest
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

  guest
    .command("restore <path>")
    .description("bring the guest that was saved in this folder back to life; wait until it runs")
    .requiredOption("--host <host>", "where it is to run; it must see the folder")
    .option("--guest <guest>", "which guest, where the host sees the folder under another path than it was saved in")
    .option("--as <name>", "as a new guest of this name, whatever becomes of the one that was saved")
    .action(
      async (path: string, options: RestoreOptions, command: Command) => await restoreFrom(command, path, options),
    );
}
