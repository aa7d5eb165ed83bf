import type { Drain } from "./state.ts";

/** What somebody asks of a drain, and what has become of what it has asked for. */
export type DrainEvent =
  | { type: "pause" | "resume" | "abort" | "bringBack"; by: string }
  | { type: "skip"; guestId: string; by: string }
  /** A migration that it has asked for was not made. */
  | { type: "refused"; migrationId: string; code: string; sentence: string };

/** What is to be done, once the state is stored. All of it is safe to repeat. */
export type DrainEffect =
  | { type: "cordon" }
  | { type: "uncordon" }
  | { type: "survey"; guestId: string; destinationId: string }
  | { type: "begin"; migrationId: string; guestId: string; destinationId: string; deadlineAt: number | undefined }
  | { type: "cancel"; migrationId: string };

/** What is told to people. */
export interface DrainNotice {
  type: "drain.phase" | "drain.guest" | "drain.warning";
  guestId?: string | undefined;
  migrationId?: string | undefined;
  sentence: string;
  data: Record<string, string | number | boolean>;
}

export interface DrainStep {
  drain: Drain;
  effects: DrainEffect[];
  notices: DrainNotice[];
}
