import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { bytes, duration, rate, table } from "../format.ts";
import { print, wantsJson } from "./global.ts";

/** `host list` and `guest list`. */
export function listCommands(program: Command): void {
  program
    .command("host")
    .description("the hosts")
    .command("list")
    .description("list the hosts")
    .action(async (_: object, command: Command) => {
      const page = await (await clientOf(command)).hosts.list({ limit: 200 });
      if (wantsJson(command)) return print(JSON.stringify(page));
      const rows = page.items.map((host) => [
        host.name,
        host.state,
        String(host.guests),
        `${host.slots.outgoing}/${host.slots.incoming}`,
        host.linkBytesPerSec === undefined ? "-" : rate(host.linkBytesPerSec),
        bytes(host.freeBytes),
        host.backends.map((backend) => backend.kind).join(", "),
        `${duration(Math.max(0, Date.now() - Date.parse(host.lastSeenAt)))} ago`,
      ]);
      return print(table(["HOST", "STATE", "GUESTS", "SLOTS OUT/IN", "LINK", "FREE", "BACK ENDS", "SEEN"], rows));
    });

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
