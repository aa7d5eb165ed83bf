import { guestOf, virtualMachineSchema } from "@godwit/contract";
import { type Command } from "commander";
import { clientOf } from "../context.ts";
import { bytes, table } from "../format.ts";
import { parseConfig, readConfig } from "../parse-config.ts";
import { print, say, wantsJson } from "./global.ts";
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
    .command("create")
    .description("start a virtual machine, or take over one that runs (its spec then says adopt)")
    .requiredOption(
      "--qemu <spec>",
      "a JSON file with name, host, memoryMib, kernel, shares and so on; - for standard input",
    )
    .action(async ({ qemu }: { qemu: string }, command: Command) => {
      const spec = await readConfig(qemu);
      const wanted = guestOf(parseConfig(virtualMachineSchema(spec), spec));
      const made = await (await clientOf(command)).guests.create(wanted);
      print(wantsJson(command) ? JSON.stringify(made) : made.id);
    });

  guest
    .command("delete <guest>")
    .description("end a guest and forget it; what was taken over and has not moved since runs on without Godwit")
    .action(async (name: string, _: object, command: Command) => {
      await (await clientOf(command)).guests.remove(name);
      say(`Godwit has no guest ${name} any more.`);
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
