import { mkdir, rm } from "node:fs/promises";
import type { Backend, DeviceContext } from "@godwit/backend";

/**
 * Takes over what somebody else runs, where the configuration says so and the back end can; where it is refused, nothing of it stays here.
 *
 * @returns the configuration that makes its like anywhere: the same where there is nothing to take over
 */
export async function adoptWith(
  backend: Backend,
  ctx: DeviceContext<unknown>,
  config: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  if (backend.adopt === undefined || !Object.hasOwn(config, "adopt")) return config;
  await mkdir(ctx.dataFolder, { recursive: true, mode: 0o700 });
  try {
    return { ...(await backend.adopt(ctx)) };
  } catch (error) {
    await rm(ctx.dataFolder, { recursive: true, force: true });
    throw error;
  }
}

/** What was adopted here goes on without Godwit; anything else is ended. */
export async function leaveOrEnd(backend: Backend, ctx: DeviceContext<unknown>): Promise<void> {
  if ((await backend.letGo?.(ctx)) !== true) await backend.remove(ctx);
}
