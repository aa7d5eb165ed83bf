import type { Named } from "../migration/state.ts";
import type { Foreseen, Obstacle } from "./state.ts";

/** All that a drain looks at: taken whole and immutable, so that what is decided rests on one picture. */
export interface DrainPicture {
  hosts: readonly DrainHost[];
  /** Those that are on the host, and all others that the drain knows, wherever they are. */
  guests: readonly DrainedGuest[];
  /** Those that the drain has asked for, and those that move one of its guests. */
  migrations: readonly DrainMigration[];
  surveys: readonly DrainSurvey[];
  /** What its migrations may cost in downtime. */
  downtimeLimitMs: number;
}

export interface DrainHost {
  id: string;
  name: string;
  connected: boolean;
  /** Not connected, and not for long: it is waited for. */
  away: boolean;
  /** Nothing starts to it. Of the host itself it is what the drain sees to. */
  cordoned: boolean;
  /** The cordon that it has is this drain's. */
  cordonedByIt: boolean;
  paused: boolean;
  outgoingSlots: number;
  incomingSlots: number;
  /** Memory for guests that is free, what is on its way to it taken off. */
  freeBytes: number;
  outBytesPerSec: number | undefined;
  inBytesPerSec: number | undefined;
  /** The labels by which guests that are on it, or on their way to it, are kept apart from others. */
  keepsApart: readonly string[];
}

export interface DrainedGuest {
  id: string;
  name: string;
  hostId: string;
  state: "running" | "stopped" | "lost" | "saved";
  sizeBytes: number;
  keepApart: string | undefined;
  /** It is being saved or restored. */
  busy: boolean;
}

export interface DrainMigration {
  id: string;
  guestId: string;
  destination: Named;
  stage: "queued" | "underWay" | "completed" | "notCompleted";
  startedAt: number | undefined;
  endedAt: number | undefined;
  downtimeMs: number | undefined;
  /** Why it ended. */
  code: string;
  sentence: string;
}

/** What was found out about moving a guest to a host, before anything is moved. */
export interface DrainSurvey {
  guestId: string;
  destinationId: string;
  at: number;
  /** How often in a row it was found that something stands against it. */
  times: number;
  /** What it rests on besides, as one text: another text is another attempt. */
  facts: string;
  /** The facts are not these any more: what it says holds until it is made anew. */
  outdated: boolean;
  found: Foreseen | Omit<Obstacle, "host">;
}

/** The facts of a survey that says what a move should come to. */
export function foreseenBy(survey: DrainSurvey | undefined): Foreseen | undefined {
  return survey !== undefined && "sizeBytes" in survey.found ? survey.found : undefined;
}
