import { Command } from "commander";
import { expect, test } from "vitest";
import { UsageError } from "../context.ts";
import { migrateCommand } from "./migration.ts";

async function save(...options: string[]): Promise<void> {
  const program = new Command("try").exitOverride().configureOutput({ writeErr: () => undefined });
  migrateCommand(program);
  await program.parseAsync(["migrate", "web", "--to", "file:/saves/web", ...options], { from: "user" });
}

test.each([
  ["--policy", "fast"],
  ["--deadline", "60000"],
  ["--bandwidth", "200MB"],
  ["--patience", "patient"],
  ["--hold"],
  ["--no-hold"],
  ["--window", "22:00-05:30"],
  ["--remedy", "force"],
  ["--watch"],
])("F8: %s means nothing of a save, which is not begun with it", async (...options) => {
  const refusal = save("--wait", ...options);
  await expect(refusal).rejects.toThrow(`${options[0]} means nothing with --to file:<path>`);
  await expect(refusal).rejects.toThrow(UsageError);
});

test("F8: the downtime limit of a save is how long its guest may stand still, a second at the least", async () => {
  await expect(save("--downtime-limit", "999")).rejects.toThrow(/^--downtime-limit of a save: .*1000/);
});
