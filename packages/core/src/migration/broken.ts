import type { MigrationEvent } from "./events.ts";
import { otherThan } from "./fenced.ts";
import type { Role } from "./state.ts";

type Broken = MigrationEvent & { type: "broken" };

/** Who has broken, and not who has heard of it first. */
export function whoBroke({ role, ofPeer }: Pick<Broken, "role" | "ofPeer">): Role {
  return ofPeer === true ? otherThan[role] : role;
}

/** M7: what became of the guest on the source only the source says, not a destination that has heard of it. */
export function isSourceOwn({ role, ofPeer }: Broken): boolean {
  return role === "destination" && ofPeer === true;
}
