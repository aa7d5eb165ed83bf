import { createHash } from "node:crypto";
import type { DeviceContext } from "@godwit/backend";
import { type DirectoryConfig, resolvePath } from "./config.ts";

/** Where a device's tree is, and the names beside it that are used while it moves. All on one file system. */
export interface Places {
  path: string;
  /** What is being received: `tree`, `limbo` and, once it is whole, `verified`. Readable by the agent alone. */
  staging: string;
  /** What has left this host and is being removed. */
  discard: string;
}

export function placesOf(ctx: DeviceContext<DirectoryConfig>, root: string | undefined): Places {
  const path = resolvePath(ctx.config.path, root);
  const id = createHash("sha256").update(`${ctx.guest.id}\0${ctx.device}`).digest("hex").slice(0, 12);
  return { path, staging: `${path}.godwit-incoming-${id}`, discard: `${path}.godwit-discard-${id}` };
}

/** Where `onMoved: "keep"` leaves the tree: "/srv/data.godwit-moved-20260131T120000123Z". */
export function keptPath(path: string, now: Date): string {
  return `${path}.godwit-moved-${now.toISOString().replaceAll(/[-:.]/g, "")}`;
}
