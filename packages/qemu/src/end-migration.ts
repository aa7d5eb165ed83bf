import { within } from "./child.ts";
import { cancel, queryMigration } from "./migration.ts";
import type { Qemu } from "./qemu.ts";
import { goOn, runStateOf } from "./run-state.ts";

const limitMs = 20_000;

/** Ends a migration in whatever state it is, and has the guest run. Also of one that an earlier process of ours had begun. */
export async function endMigration({ qmp }: Qemu): Promise<void> {
  await within(limitMs, "the end of the migration", async () => {
    const { status } = await queryMigration(qmp, { deadlineMs: limitMs });
    const isOver = ["none", "completed", "failed", "cancelled"].includes(status);
    // It says so a moment before it has let go of the guest.
    if (isOver) return (await runStateOf(qmp)) === "finish-migrate" ? undefined : true;
    await cancel(qmp).catch(() => undefined);
    return undefined;
  });
  await goOn(qmp);
}
